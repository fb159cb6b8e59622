"""Entries of the directory that are one: found and merged."""
