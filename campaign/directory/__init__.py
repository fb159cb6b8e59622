"""Officials and missions: kept, found, and which mission a letter goes through.

`entries` is what a form or a file says before it is kept, `offices` who held which office when,
`where_used` which campaigns name an entry, `risk_flags` what may not be written into one.
"""
