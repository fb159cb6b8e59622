"""From confirmed letters to a parcel for a mission: freeze, volumes, lists, ZIP, delivery."""
