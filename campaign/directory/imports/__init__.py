"""Files of officials and missions: read, matched, planned, applied, undone."""
