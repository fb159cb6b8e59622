"""Retention, anonymising, erasure, subject access."""
