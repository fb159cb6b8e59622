"""Comparing, folding and naming texts."""
