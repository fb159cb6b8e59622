"""The desk's pages of replies."""
