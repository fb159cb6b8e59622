"""The commands of `campaign`, one module a group."""
