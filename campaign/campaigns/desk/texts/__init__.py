"""Pages on which the words of a campaign are written: page text, letter, letter options."""
