"""Labels that the guides quote, in bold or italics, are on the pages."""

import re
from collections.abc import Iterator

import pytest

from tests.messages import LOCALES, ROOT, catalog, strings

GUIDES = [
    "README.md", "docs/staff.md", "docs/delivery-day.md", "docs/organizers.md",
    "docs/life-cycle.md", "docs/supporters.md", "docs/supporters.fr.md",
    "docs/supporters.es.md", "docs/deploy.md", "docs/staff.fr.md", "docs/staff.es.md",
    "docs/delivery-day.fr.md", "docs/delivery-day.es.md",
]  # fmt: skip
EMPHASIZED = frozenset({"A supporter", "An organizer", "A staff member"})
"""Words in bold with a capital letter that are no labels."""

_CODE = re.compile(r"^```[\s\S]*?^```|^ {4,}\S.*$|`[^`]*`|\]\([^)]*\)", re.MULTILINE)
_QUOTED = re.compile(r"\*\*([^*]+)\*\*|(?<!\*)\*([^*\s][^*]*)\*(?!\*)")


def _plain(text: str) -> str:
    """`Exclude … signatures` is a message with a number in it."""
    words = re.sub(r"\s+", " ", re.sub(r"%\(\w+\)[sd]|\{\w+\}", "…", text))
    return words.strip().rstrip(".:?").rstrip()


def _labels(text: str) -> Iterator[str]:
    """What is quoted, but no head of a paragraph, no section of the page, no word in lower case."""
    text = _CODE.sub("", text)
    sections = {_plain(line) for line in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    for bold, italic in _QUOTED.findall(text):
        phrase = _plain(bold or italic)
        head = bold.endswith((".", "?", ":"))
        if not (head or phrase[0].islower() or phrase in sections | EMPHASIZED):
            yield phrase


def _messages(language: str) -> set[str]:
    """Whole messages and their sentences, in the language of the page."""
    translated = language in LOCALES
    known = set()
    for message in catalog(language if translated else "fr"):
        for text in strings(message.string if translated else message.id):
            known |= {_plain(part) for part in (text, *re.split(r"(?<=[.?]) ", text))}
    return known


def _unknown(text: str, language: str = "") -> list[str]:
    known = _messages(language)
    return [label for label in _labels(text) if label not in known]


@pytest.mark.parametrize("guide", GUIDES)
def test_labels_that_a_guide_quotes_are_on_the_pages(guide: str) -> None:
    page = ROOT / guide
    assert _unknown(page.read_text(encoding="utf-8"), page.suffixes[0].strip(".")) == []


def test_a_label_that_is_no_longer_there_is_found() -> None:
    """Without this, the test above could pass for looking at nothing."""
    assert _unknown("Press **Freeze and print**, or *By post to …*.") == []
    assert _unknown("Press **Look at a\nproof first**, then *Record it*.") == [
        "Look at a proof first",
        "Record it",
    ]
    assert _unknown("Ouvrez **Mes lettres**, puis **My letters**.", "fr") == ["My letters"]
    assert _unknown("**Encryption.** With *a* key, `**x y**`.") == []
