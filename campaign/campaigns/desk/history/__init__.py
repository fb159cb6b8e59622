"""Drafts, what was saved before, and texts that were written at once."""
