"""Papers beside letters: lists, envelopes, posters, address and sign-on sheets."""
