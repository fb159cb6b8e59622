"""How a case ended, in a line. Pure."""

import re

from campaign.campaigns.models import Campaign, Edition, UpdateKind
from campaign.reading.posts import Post

_LINE = 200
"""Characters of the line."""
_MARKS = re.compile(r"[*_`#>\[\]]|\(https?:[^)]*\)|^\s*[-+]\s", re.MULTILINE)
_TELLING = frozenset(UpdateKind) - {UpdateKind.FURTHER_INFORMATION}


def ending_of(campaign: Campaign, edition: Edition | None, posts: tuple[Post, ...]) -> str:
    """The reason given at the end, else the newest post that tells of one, else the outcome."""
    if campaign.status_reason:
        return first_line(campaign.status_reason)
    told = next((post.title for post in posts if post.kind in _TELLING), "")
    return told or first_line(edition.outcome if edition else "")


def first_line(text: str, most: int = _LINE) -> str:
    """The first paragraph of a Markdown text, plain, cut at a word where it is long."""
    paragraph = next((part for part in text.strip().split("\n\n") if part.strip()), "")
    line = " ".join(_MARKS.sub("", paragraph).split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
