"""Letters frozen, printed and packed for one mission."""
