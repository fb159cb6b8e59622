"""The views of the pages about us, for everybody."""
