"""Signatures and letters on paper, keyed in or imported."""
