"""Printing a bundle volume by volume.

`print_queue` says who prints what, and for how long, `print_jobs` prints, `load_letters` composes
the letters, `assemble` makes the bundle of the volumes, `proof_print` prints some before freezing.
"""
