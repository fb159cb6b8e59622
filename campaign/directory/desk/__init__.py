"""The desk's pages of officials, missions, offices, imports and duplicates."""
