"""Officials and missions: kept, found, and which mission a letter goes through.

`entry_fields` is what a form or a file says before it is kept, `edit_entries` keeps it,
`where_used` says which campaigns name an entry, `risk_flags` what may not be written into one.
"""
