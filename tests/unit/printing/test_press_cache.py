"""The press of the tests tells orders apart by what is in their files."""

from pathlib import Path
from typing import Any

import pytest

from campaign.core.isolation.orders import Limits
from tests.press_cache import _name


@pytest.mark.parametrize("work", ["join", "list"])
def test_another_file_at_the_same_path_is_another_order(work: str, tmp_path: Path) -> None:
    part, copy = tmp_path / "part.pdf", tmp_path / "copy.pdf"

    def name(path: Path) -> str:
        job: dict[str, Any] = {"out": "x", "parts": [str(path)], "context": {"seal": str(path)}}
        return _name(work, job, Limits())

    part.write_bytes(b"one")
    copy.write_bytes(b"one")
    first = name(part)
    assert name(copy) == first
    part.write_bytes(b"two")
    assert name(part) != first
