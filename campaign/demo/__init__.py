"""The demo: cases, officials and staff in `content/`, and invented people who sign."""
