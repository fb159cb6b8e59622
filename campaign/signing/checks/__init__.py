"""What is looked at before a letter counts: words, likeness, origin."""
