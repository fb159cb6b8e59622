"""Papers beside letters: with a bundle, around it, and for supporters to print themselves."""
