"""Letters, cards, lists and envelopes to PDF. Knows neither Flask nor the database.

It holds no natural language: every word that is printed arrives in `letter_content` or
`sheet_content`. `press` is what the rest of the system calls; sizes of paper, windows and labels
are in `geometry`; problems before and after are in `check_letters`.
"""
