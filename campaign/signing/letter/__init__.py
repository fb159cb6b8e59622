"""How a letter is composed, drafted, previewed and translated."""
