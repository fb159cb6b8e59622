"""What is looked at before a letter counts.

`wordlist` and `private_details` find words, `lookalikes` names, `similar` letters like others,
`origin` where it came from. `screening_rules` are a campaign's settings, `review_decision`
decides by them: counted, under review, excluded.
"""
