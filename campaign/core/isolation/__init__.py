"""Work on what strangers wrote or sent, in processes of its own: limits, no keys, no network."""
