"""Pages of one letter: confirm, follow, change, withdraw, news on and off."""
