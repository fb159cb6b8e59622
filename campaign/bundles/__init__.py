"""Letters frozen, printed and packed for one destination.

`freeze` takes letters, `volumes` prints them, `documents` makes the papers beside them, `changes`
is all that happens to a bundle afterwards. `letter_codes` shows that a letter is in it. `access`
says who may have one, `bundle_status` whether it is still here, `destinations` where it goes,
`downloads` hands it out.
"""
