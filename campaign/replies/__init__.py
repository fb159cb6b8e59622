"""Answers in: logged by hand or come by email, blacked out, published.

`replies` keeps them, `inbox` and `mime` read emails, `redaction` blacks out, `publish_reply`
makes a post of one.
"""
