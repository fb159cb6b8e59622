"""`make bench`: letters, signing and pages, each against a plain peer in the same run."""
