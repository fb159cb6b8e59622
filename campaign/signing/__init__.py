"""The public side: write a letter, sign it, confirm it by the link in a mail."""
