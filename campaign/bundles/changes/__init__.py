"""What happens to a bundle after it was frozen.

`prints` records which files a print was. `withdrawals` finds letters that were withdrawn since,
`remake_bundle` makes their volumes again without them. `release_letters` lets letters wait again
that could not be printed, or are found good again (`released_sheets` finds what is printed of
them), `cancel_bundle` all of a bundle.
"""
