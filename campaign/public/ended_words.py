"""How a case ended, in a line. Pure."""

from campaign.campaigns.closing_reasons import Said, reasons_of
from campaign.models.campaign import Campaign, Edition, UpdateKind
from campaign.public.update_pages import Post
from campaign.web.markup import unmarked

_LINE = 200
"""Characters of the line."""
_TELLING = frozenset(UpdateKind) - {UpdateKind.FURTHER_INFORMATION}


def ending_of(
    campaign: Campaign, edition: Edition | None, posts: tuple[Post, ...], locale: str
) -> Said:
    """The reason given at the end, else the newest post that tells of one, else the outcome."""
    reason = reasons_of(campaign).said_in(locale)
    if reason.text:
        return Said(first_line(reason.text), reason.lang)
    if told := next((post for post in posts if post.kind in _TELLING), None):
        return Said(told.title, told.lang)
    outcome = first_line(edition.outcome) if edition else ""
    return Said(outcome, edition.locale if edition and edition.locale != locale else "")


def first_line(text: str, most: int = _LINE) -> str:
    """The first paragraph of a Markdown text, plain, cut at a word where it is long."""
    line = " ".join(unmarked(text).partition("\n\n")[0].split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
