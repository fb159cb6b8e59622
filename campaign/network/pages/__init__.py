"""Pages of the network's members, and its part of a campaign's desk."""
