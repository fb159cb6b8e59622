"""Officials who can act, and the missions through which letters reach them."""
