"""A supporter follows, changes or withdraws a letter.

`notices` are what is told, `send_notices` tells it, `mails` words it.
"""
