"""The desk's pages of bundles."""
