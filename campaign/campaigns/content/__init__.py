"""What a campaign says, and how it is edited.

What is published: `editions` (its text, by language), `templates` (its letters; `part_contents`
has the newest version of each), `targets`, `updates` (dated posts), `pictures`. What one person
typed and did not save: `drafts`. What was saved before: `revisions`. `parts` names these parts for
history and merging, `part_contents` gives one as plain data, `compare_texts` compares and merges.
"""
