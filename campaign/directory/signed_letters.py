"""Signed letters that are in no bundle yet: how many a change of an official rewrites.

A letter that waits takes name, office, salutation and close from the directory, so that a successor
is greeted as it befits them. Its writer has read the words of before.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from campaign.core import i18n
from campaign.directory import where_used
from campaign.directory.entry_fields import Entry
from campaign.models.campaign import Campaign, LetterFormat, Target, TargetKind
from campaign.models.directory import Official
from campaign.models.signature import Letter, Signature, SignatureState

ADDRESSED = ("salutation", "close")
_NAMED = ("name", "office")
_SHOWN = (*_NAMED, *ADDRESSED)
Forms = Mapping[str, Any]
WAITING = (SignatureState.PENDING, SignatureState.CONFIRMED, SignatureState.HELD)


class WaitingGroup(NamedTuple):
    """So many letters that say what is `shown` of an official in these languages."""

    languages: frozenset[str]
    letters: int
    shown: tuple[str, ...] = _SHOWN


def forms_of_address(entry: Entry) -> dict[str, Any]:
    """Note how letters address the entry; a mission is not addressed."""
    texts = {name: dict(getattr(entry, name, None) or {}) for name in _SHOWN[1:]}
    return {"name": entry.name if isinstance(entry, Official) else "", **texts}


def is_waiting() -> ColumnElement[bool]:
    """Whether a letter of the outer query, with its campaign, may yet be printed."""
    return and_(
        Letter.bundle_id.is_(None),
        Signature.state.in_(WAITING),
        Signature.forgotten_at.is_(None),
        Campaign.opened_at.is_not(None),
        where_used.still_writes(),
    )


def list_waiting(session: Session, official_id: int) -> list[WaitingGroup]:
    """List letters that may yet be printed to an official, or that say who receives a copy."""
    groups = _list_groups(session, Target.official_id == official_id, _SHOWN)
    copies = select(Target).join(Campaign, Campaign.id == Target.campaign_id)
    receives = (Target.official_id == official_id, Target.kind == TargetKind.COPY)
    for copy in session.scalars(copies.where(*receives, Campaign.format == LetterFormat.LETTER)):
        names_it = (Target.campaign_id == copy.campaign_id, *_is_since(copy))
        groups += _list_groups(session, and_(*names_it), _NAMED)
    return groups


def _is_since(copy: Target) -> Iterator[ColumnElement[bool]]:
    """Whether a letter was signed once a copy was promised; times are kept in the clear by day."""
    past = [each for each in copy.campaign.past_copies if each.official_id == copy.official_id]
    starts = [copy.copied_since, *(each.copied_since for each in past)]
    since = [start for start in starts if start is not None]
    if len(since) == len(starts):
        yield Signature.signed_at >= min(since) - timedelta(days=1)


def _list_groups(
    session: Session, condition: ColumnElement[bool], shown: tuple[str, ...]
) -> list[WaitingGroup]:
    groups = session.execute(
        select(
            Signature.letter_locale,
            Campaign.print_translation,
            Campaign.letter_locales,
            func.count(Letter.id),
        )
        .select_from(Letter)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Target, Target.id == Letter.target_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(condition, is_waiting())
        .group_by(Campaign.id, Signature.letter_locale)
    )
    return [
        WaitingGroup(frozenset([locale, *(locales[:1] if translates else ())]), letters, shown)
        for locale, translates, locales, letters in groups
    ]


def count_rewritten(session: Session, official_id: int, before: Forms, after: Forms) -> int:
    return (
        0 if before == after else count_changed(list_waiting(session, official_id), before, after)
    )


def watch_forms(session: Session, *entries: Entry) -> Callable[[Entry], int]:
    """Note what letters to the entries say; the result counts those that say otherwise then."""
    noted = [
        (list_waiting(session, entry.id), forms_of_address(entry))
        for entry in entries
        if isinstance(entry, Official)
    ]
    return lambda kept: sum(
        count_changed(groups, before, forms_of_address(kept)) for groups, before in noted
    )


def count_changed(groups: list[WaitingGroup], before: Forms, after: Forms) -> int:
    """Count the letters that name or address the official otherwise in a language of theirs."""
    counts = [
        group.letters
        for group in groups
        if any(
            _say(before[name], code) != _say(after[name], code)
            for name in group.shown
            for code in group.languages
        )
    ]
    return sum(counts)


def _say(words: str | dict[str, str], code: str) -> str:
    return words if isinstance(words, str) else i18n.words_in(words, code)
