"""Papers beside letters: lists, cover letter, labels, envelopes, posters, sheets to sign on.

`bundle_sheets` goes with a bundle, `signature_sheets` is signed by hand, `by_hand` is for those
who write by hand.
"""
