"""Following a letter: my letters, from signing to the embassy and what came of it."""
