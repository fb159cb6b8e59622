"""Which letters go into a bundle, and what of them is frozen."""
