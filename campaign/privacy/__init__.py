"""What ends: personal data of supporters.

`erase_supporter` deletes all about a mailbox when its owner asks; `retention` runs daily,
`overdue` says who is due and `anonymise` empties rows so that they go on counting.
`subject_access` is what is held, to be downloaded. What is emptied follows from the
models' marks (`core.db.personal_columns`).
"""
