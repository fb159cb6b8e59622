"""For what is fuzzed: how long one example may take, also on a busy machine."""

from datetime import timedelta

from hypothesis import settings

soon = settings(deadline=timedelta(seconds=5))
with_a_reader = settings(deadline=timedelta(seconds=30))
"""The first example starts the process that reads."""
