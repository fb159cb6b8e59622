"""What a campaign still lacks before it opens, and who approves it.

`check_readiness` asks all of it, with a module for what takes more: `letter_gaps`,
`envelope_window_gaps`, `longest_name_fit`. `approval` is the second person.
"""
