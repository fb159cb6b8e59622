"""Pages on which the officials of a campaign are chosen."""
