"""Letters under review, and floods of false signatures."""
