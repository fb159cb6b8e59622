"""Pages on which a campaign moves on, and on which a second person decides."""
