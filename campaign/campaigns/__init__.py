"""Urgent actions: campaigns, their editions, letter templates, targets and updates."""
