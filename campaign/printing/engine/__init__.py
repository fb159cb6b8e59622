"""Processes that lay out letters, chunk by chunk, and join them to one PDF."""
