"""After a refusal: envelopes, or another destination.

`split_bundle` puts letters into envelopes, `make_envelopes` prints these, `mark_posted` records
what was posted; `reroute_bundle` sends letters to another mission, or by post.
"""
