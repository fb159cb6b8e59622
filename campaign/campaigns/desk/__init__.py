"""The desk's pages on which campaigns are written, approved, opened and ended."""
