"""Pages on which supporters see and erase what is kept of them."""
