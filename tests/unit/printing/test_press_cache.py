"""The press of the tests tells orders apart by what is in their files, and pages by their words."""

from pathlib import Path
from typing import Any

import pytest

from campaign.core.isolation.orders import Limits
from campaign.printing.geometry import A4, LETTER
from campaign.printing.sheets.bundle_sheets import Labels
from tests.press_cache import _name, _name_page


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


def test_other_words_another_paper_or_title_are_another_page() -> None:
    page = Labels(sheets=[[(0, ("Ottawa",))]], mark="1", size=0, locale="en")
    other = Labels(sheets=[[(0, ("Ottawa",))]], mark="2", size=0, locale="en")
    facts = {"locale": "en", "title": "A"}
    first = _name_page(page, "labels.css", A4, facts)
    assert _name_page(page, "labels.css", A4, dict(facts)) == first
    assert first not in {
        _name_page(other, "labels.css", A4, facts),
        _name_page(page, "labels.css", LETTER, facts),
        _name_page(page, "cover.css", A4, facts),
        _name_page(page, "labels.css", A4, facts | {"title": "B"}),
    }
