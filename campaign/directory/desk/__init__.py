"""The desk's pages of the directory."""
