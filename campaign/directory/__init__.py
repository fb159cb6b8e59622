"""Officials, missions, and which mission is written to through which."""
