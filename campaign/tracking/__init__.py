"""A supporter follows, changes or withdraws a letter, and is told what happens to it.

`notices` finds what there is to tell, `send_notices` tells it to each signer once, `mails` has
the words. `timeline` is a letter's way as its page shows it, `delivery_history` its part at the
gate. `letter_links` is the link to *My letters*; erasing and downloading are in
`campaign.privacy`. Its jobs are called `following.…`.
"""
