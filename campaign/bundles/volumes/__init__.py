"""Printing volume by volume: queue, lease, jobs."""
