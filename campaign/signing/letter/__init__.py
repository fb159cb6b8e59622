"""The text of a letter.

`compose` makes it of what was signed, always: for the page Check, the supporter's PDF and the
bundle. `draft` makes letters for pages and PDFs, `proposed_letters` those that a campaign
proposes, `letter_translations` finds what is printed beside them.
"""
