"""A supporter follows, changes or withdraws a letter, and is told what happens to it.

`notices` finds what there is to tell, and tells it to each signer once; `mails` has the words.
`misled_readers` says who has a false email, `still_here` tells them that nothing was delivered.
`not_named` notes whom of a mailbox its email did not name, and `unnamed` reads that.
`timeline` is a letter's way as its page shows it. `letter_links` is the link to *My letters*;
erasing and downloading are in `campaign.privacy`. Its jobs are called `following.…`.
"""
