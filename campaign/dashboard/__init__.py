"""Today's work and a campaign's figures."""
