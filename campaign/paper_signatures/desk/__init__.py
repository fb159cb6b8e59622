"""The desk's pages of paper signatures."""
