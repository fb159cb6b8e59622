"""Entries of the directory that are one.

`find_duplicates` proposes them, `merge_entries` makes them one.
"""
