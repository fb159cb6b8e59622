"""Pages of a supporter's letter."""
