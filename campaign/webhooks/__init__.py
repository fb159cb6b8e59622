"""Webhooks: other programs are told what happened, by the Standard Webhooks specification.

`events` writes down what was done, in its transaction; `endpoints` are the programs, as admins keep
them; `send` posts to them; `mails` says that one was turned off. `docs/webhooks.md` is for who
writes such a program.
"""
