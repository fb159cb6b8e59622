"""The audit as staff read it: entries found, named and said in words."""
