"""The network's part of a campaign's page at the desk."""
