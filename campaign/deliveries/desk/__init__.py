"""The desk's pages of deliveries."""
