"""What other programs read and send.

`action_json` says what of an action everybody may read, `views` under which addresses. `tokens`
lets programs in, `osdi` is what these use, and `openapi` describes all of it.
"""
