"""*My letters*: what is held about a mailbox, its download and its erasure."""
