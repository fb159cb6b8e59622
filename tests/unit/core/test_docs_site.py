"""The site of the documentation (`make docs`, which refuses broken links) has every page."""

import re
import tomllib
from typing import Any

from tests.messages import ROOT

DOCS = ROOT / "docs"
SITE = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]


def _pages(nav: list[dict[str, Any]]) -> list[str]:
    return [
        page
        for entry in nav
        for part in entry.values()
        for page in ([part] if isinstance(part, str) else _pages(part))
    ]


def test_the_menu_names_each_page_once_and_decisions_by_their_list() -> None:
    pages = [*(path.name for path in DOCS.glob("*.md")), "adr/README.md"]
    assert sorted(_pages(SITE["nav"])) == sorted(pages)


def test_the_pages_of_decisions_are_those_of_the_list() -> None:
    listed = re.findall(r"\]\((\d+-[\w-]+\.md)\)", (DOCS / "adr/README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in DOCS.glob("adr/0*.md"))


def test_no_font_comes_from_another_host() -> None:
    """The theme takes its fonts from Google unless told otherwise."""
    assert SITE["theme"]["font"] is False


def test_each_picture_is_on_a_page() -> None:
    """What `make pictures` takes and no page shows is carried for nothing."""
    text = "".join(path.read_text("utf-8") for path in (*DOCS.glob("*.md"), ROOT / "README.md"))
    pictures = [path.name for path in (DOCS / "pictures").iterdir()]
    assert [name for name in pictures if f"pictures/{name})" not in text] == []
