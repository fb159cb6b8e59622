"""Letters held for a look, floods of false signatures, invalidation."""
