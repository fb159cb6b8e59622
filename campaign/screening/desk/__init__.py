"""The desk's pages of screening."""
