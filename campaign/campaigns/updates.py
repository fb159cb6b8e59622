"""Updates: dated posts on a campaign, in its languages."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy.orm import Session

from campaign import db, jobs
from campaign.campaigns import watching
from campaign.campaigns.changes import record_change
from campaign.campaigns.lifecycle import is_news
from campaign.campaigns.models import (
    Campaign,
    Update,
    UpdateEdition,
    UpdateKind,
    UpdatePicture,
)
from campaign.campaigns.risks import refuse_named
from campaign.errors import Invalid

Words = Mapping[str, tuple[str, str]]
"""Title and body (Markdown) per language."""

_FOR_SIGNERS = {UpdateKind.REPLY, UpdateKind.OUTCOME}
"""Kinds of which those who wrote are told, if they asked for news."""
_MADE_ELSEWHERE = {UpdateKind.DELIVERY, UpdateKind.STOP}
WRITTEN_BY_HAND = [kind for kind in UpdateKind if kind not in _MADE_ELSEWHERE]
"""Kinds that organizers post; a handover is recorded where it happens, a stop by stopping."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture of a post: its key in the storage, and what it shows, per language."""

    key: str
    alt: Mapping[str, str] = field(default_factory=dict)


def post_update(
    unit: Session,
    campaign: Campaign,
    *,
    actor: str,
    kind: UpdateKind,
    happened_on: date,
    words: Words,
    tell_network: bool = False,
    picture: str = "",
    picture_alt: Mapping[str, str] | None = None,
    more_pictures: Sequence[Shown] = (),
    risks_seen: bool = True,
) -> Update:
    """Post what happened. Languages without a title are left out.

    `picture` is the key that `pictures.keep_picture` gave; `picture_alt` says what it shows.
    `more_pictures` stand behind it; their author has described them.
    Raises Invalid with the field `title_<default language>` where that one has none, with
    `alt_<default language>` where a picture is not described in it, and with
    `tell_network` where the network cannot be told of such an update now; RiskNamed where
    everybody would read what a flag rules out and its author has not seen the warning; and
    `embargo-runs` before the end of an embargo.
    """
    if campaign.embargo_until is not None and db.utcnow() < campaign.embargo_until:
        raise Invalid(fields={"happened_on": "embargo-runs"})
    if tell_network and not is_news(kind, campaign.status, campaign.act_by, db.utcnow()):
        raise Invalid(fields={"tell_network": "not-for-the-network"})
    written = {locale: text for locale, text in words.items() if text[0]}
    if campaign.default_locale not in written:
        raise Invalid(fields={f"title_{campaign.default_locale}": "update-title-missing"})
    alt = dict(picture_alt or {}) if picture else {}
    if picture and not alt.get(campaign.default_locale):
        raise Invalid(fields={f"alt_{campaign.default_locale}": "picture-alt-missing"})
    described = [alt, *(one.alt for one in more_pictures)]
    refuse_named(campaign, _texts(written, described), seen=risks_seen)
    update = Update(
        kind=kind,
        happened_on=happened_on,
        picture=picture,
        picture_alt=alt,
        tell_network=tell_network,
        more_pictures=[
            UpdatePicture(position=at, key=one.key, alt=dict(one.alt))
            for at, one in enumerate(more_pictures, start=1)
        ],
        editions=[
            UpdateEdition(locale=locale, title=title, body=body)
            for locale, (title, body) in written.items()
        ],
    )
    campaign.updates.append(update)
    record_change(unit, campaign, actor, "campaign.update", kind=kind.value)
    if tell_network:
        jobs.enqueue(unit, "network.announce-update", update.id)
    if kind in _FOR_SIGNERS:
        jobs.enqueue(unit, "following.update-posted", update.id)
    return update


def _texts(
    written: Mapping[str, tuple[str, str]], alts: Iterable[Mapping[str, str]]
) -> Iterator[watching.Words]:
    """What everybody will read, by the form's fields."""
    for code, (title, body) in written.items():
        yield watching.Words("update", code, f"title_{code}", title)
        yield watching.Words("update", code, f"body_{code}", body)
    for alt in alts:
        for code, words in alt.items():
            yield watching.Words("update", code, f"alt_{code}", words)
