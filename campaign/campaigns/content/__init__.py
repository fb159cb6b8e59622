"""What a campaign says, and how it is edited.

What is published: `editions` (its text, by language), `templates` (its letters; `current_letters`
has the newest version of each), `targets`, `updates` (dated posts), `pictures`. What is only
typed: `drafts` (of one person, not saved), `new_drafts` (of a campaign that does not exist yet).
What was saved before: `revisions`. `parts` names these parts for history and merging,
`part_contents` gives one as plain data, `diffs` and `three_way_merge` compare them.
"""
