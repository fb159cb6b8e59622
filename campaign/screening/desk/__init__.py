"""The desk's pages of the queue, of false signatures, and of a campaign's rules of screening."""
