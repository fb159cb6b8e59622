"""Risk flags that an entry of the directory breaks: a campaign that names it is public at once."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.db import Base
from campaign.errors import Invalid
from campaign.letters.phrases import phrases_of

_ON_THEIR_WAY = ("scheduled", "open", "closed", "stopped")
"""States of a campaign in which a name of the directory leaves the desk with nobody asked again."""


class FlagNamed(Invalid):
    """An entry that public campaigns name says what a flag of one of them rules out."""

    def __init__(self) -> None:
        super().__init__("flag-named", fields={"risks_seen": "flag-named"})


def refuse_flagged(
    session: Session, column: str, row_id: int, values: Iterable[Any], *, seen: bool
) -> None:
    """Ask once more before such an entry is saved, unless its writer has `seen` the warning.

    `column` of a target names the entry, "official_id" or "mission_id". Raises FlagNamed. The
    campaign stands above the directory: its tables are found by name, as in `usage`.
    """
    if seen:
        return
    campaign, target, flag = (
        Base.metadata.tables[name] for name in ("campaign", "target", "risk_flag")
    )
    words = session.scalars(
        select(flag.c.words)
        .join(campaign, campaign.c.id == flag.c.campaign_id)
        .join(target, target.c.campaign_id == campaign.c.id)
        .where(target.c[column] == row_id, campaign.c.status.in_(_ON_THEIR_WAY))
        .distinct()
    ).all()
    phrases = phrases_of(words)
    if phrases is not None and any(any(phrases.places(text)) for text in _texts(values)):
        raise FlagNamed


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, Mapping):
            yield from _texts(value.values())
        elif isinstance(value, list | tuple):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value
