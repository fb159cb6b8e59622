"""What staff see of all campaigns at once: figures, charts, the record of who did what."""
