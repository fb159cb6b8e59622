"""Envelopes: made, posted, split, sent to another mission."""
