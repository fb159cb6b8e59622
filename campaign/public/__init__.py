"""The public pages that only read: actions, the case, updates, feeds, posters."""
