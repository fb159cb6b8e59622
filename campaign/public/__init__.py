"""Pages that everybody reads: home, case, updates, feeds, share, poster."""
