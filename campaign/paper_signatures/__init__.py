"""Signatures and letters on paper: keyed in beside a scan, or from a file.

`data_entry` keeps the rows of a sheet and what becomes of them, `row_signatures` the signatures
that they are; `paper_imports` takes a file in, `duplicates` finds who signed twice.
"""
