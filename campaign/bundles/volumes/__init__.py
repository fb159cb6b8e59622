"""Printing a bundle volume by volume.

`print_queue` says who prints what, and for how long, `print_jobs` are the jobs,
`load_letters` composes the letters, `assemble` makes the bundle of the printed volumes.
`proof_print` prints some letters before freezing, `print_without_queue` all of them for `campaign
bundle`.
"""
