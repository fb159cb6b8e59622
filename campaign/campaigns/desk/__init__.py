"""The desk's pages on which campaigns are written and led."""
