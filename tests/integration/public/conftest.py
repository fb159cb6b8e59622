"""What the tests of reach share: pages that are made anew at each look."""

import pytest


@pytest.fixture(autouse=True)
def _pages_are_always_fresh(fresh_pages: None) -> None:
    """Each look makes a page anew."""
