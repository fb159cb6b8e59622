"""The network's pages for everybody: joining, a member's own page, leaving."""
