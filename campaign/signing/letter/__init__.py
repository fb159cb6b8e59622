"""The text of a letter.

`letter_facts.compose_letter` makes it of what was signed, always: for the page Check, the
supporter's PDF, the proof and the bundle. `compose` has its parts, and what of it is the writer's.
`draft` makes letters for pages and PDFs, `proposed_letters` those that a campaign proposes.
"""
