"""Signatures and letters on paper: keyed in beside a scan, or from a file.

`data_entry` keeps the rows of a sheet, `paper_imports` takes a file in. `duplicates` finds who
signed twice on paper, `match_online` who signed on paper and online.
"""
