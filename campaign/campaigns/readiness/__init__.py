"""What a campaign still lacks before it opens, and who approves it."""
