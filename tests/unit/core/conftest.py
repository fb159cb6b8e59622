"""What the tests of words share: every message, gathered once."""

import pytest
from babel.messages.catalog import Catalog

from tests.messages import gather_messages


@pytest.fixture(scope="session")
def messages() -> Catalog:
    return gather_messages()
