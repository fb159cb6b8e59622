"""What happens to a bundle after it was frozen.

`prints` records which files a print was, and hands them out. `downloads` gives out the same
bytes once more. `withdrawals` finds letters that were withdrawn since; `remake_bundle` makes
their volumes again without them. `restore` lets letters wait again that were left out and are
found good. `release_letters` lets those wait again that could not be printed, `cancel_bundle` all
of a bundle that is given up; `return_to_earlier_bundle` puts back those that came from another
one.
"""
