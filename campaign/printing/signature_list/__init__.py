"""The list of signatures, drawn row by row."""
