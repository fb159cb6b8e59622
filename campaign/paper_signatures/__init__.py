"""Signatures on sheets and cards that staff key in."""
