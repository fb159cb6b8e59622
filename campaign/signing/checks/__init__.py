"""What is looked at before a letter counts.

`wordlist` finds words, `similar` letters like others, `origin` where it came from.
`screening_rules` are a campaign's settings and what they find, `review_decision` decides by them:
counted, under review, excluded.
"""
