"""Signed letters that are in no bundle yet: what a change of facts or recipients rewrites."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import is_copied, list_copies, say_copied
from campaign.campaigns.content.part_contents import texts_of
from campaign.campaigns.content.risks import RewrittenLetters, Words, refuse_named
from campaign.core import db
from campaign.core.answers import Answers
from campaign.core.db.batches import batched, read_each
from campaign.directory.signed_letters import WAITING, is_waiting
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission
from campaign.models.signature import ExactTimes, Letter, Signature, SignatureState
from campaign.printing.placeholders import placeholders_in

_REFERENCE = "reference"  # on each letter, whatever its text says
_FACTS = frozenset({_REFERENCE, "person_name", "country"})
"""Facts that letters say by the placeholder of this name; of a deadline its own page tells."""
_BATCH = 400
_TIMES = (Letter.id, Signature.signed_at, Signature.confirmed_at, Signature.exact_times)


def count_confirmed(session: Session, campaign: Campaign) -> int:
    is_confirmed = Signature.state == SignatureState.CONFIRMED
    return _count(session, campaign, is_confirmed)


def count_naming_deadline(session: Session, campaign: Campaign) -> int:
    return _count_naming(session, campaign, lambda _locale: {"deadline"})


def find_rewritten(
    session: Session, campaign: Campaign, facts: Mapping[str, object]
) -> RewrittenLetters:
    """Find those that say another of these facts than they did when they were signed."""
    new = {name for name in _FACTS & facts.keys() if facts[name] != getattr(campaign, name)}
    if not new or lifecycle.is_rehearsal(campaign.status):
        return RewrittenLetters(0)
    named_otherwise = campaign.names_by_locale
    letters = (
        _count(session, campaign)
        if _REFERENCE in new
        else _count_naming(
            session,
            campaign,
            lambda locale: new - {"person_name"} if locale in named_otherwise else new,
        )
    )
    typed_name = _find_typed(campaign, campaign.person_name) if "person_name" in new else ""
    values = frozenset(f"{name}={facts[name]}" for name in new)
    return RewrittenLetters(letters, typed_name=typed_name, values=values)


def find_renamed(
    session: Session, campaign: Campaign, locale: str, person_name: str
) -> RewrittenLetters:
    """Find those in a language that name the person otherwise, called `person_name` in it."""
    new_name, old_name = person_name or campaign.person_name, campaign.name_in(locale)
    if new_name == old_name or lifecycle.is_rehearsal(campaign.status):
        return RewrittenLetters(0)
    letters = _count_naming(
        session, campaign, lambda code: {"person_name"} if code == locale else ()
    )
    values = frozenset({f"{locale}={new_name}"})
    return RewrittenLetters(letters, typed_name=_find_typed(campaign, old_name), values=values)


def _find_typed(campaign: Campaign, name: str) -> str:
    """Return the name where a letter has it typed out, and keeps it; else nothing."""
    texts = (text for template in campaign.templates for text in texts_of(template))
    return name if any(name in text for text in texts) else ""


def _count_naming(
    session: Session, campaign: Campaign, names_in: Callable[[str], Collection[str]]
) -> int:
    """Count those whose proposed text has one of the placeholders `names_in` its language.

    Or whose printed translation has. Of one that was rewritten, the subject alone is proposed.
    """
    in_subject, in_text = [], []
    is_translated: ColumnElement[bool] = false()
    for template in campaign.templates:
        names = {*names_in(template.locale)}
        if not names.isdisjoint(placeholders_in(template.subject)):
            in_subject.append(template.id)
        elif any(not names.isdisjoint(placeholders_in(text)) for text in texts_of(template)):
            in_text.append(template.id)
        else:
            continue
        if template.locale == campaign.translation_locale:
            is_translated = Signature.letter_locale != template.locale
    if not in_subject and not in_text:
        return 0
    names_it = or_(Letter.template_id.in_(in_text), is_translated)
    is_proposed = and_(names_it, Signature.full_text.is_(None))
    return _count(session, campaign, or_(Letter.template_id.in_(in_subject), is_proposed))


def _count(session: Session, campaign: Campaign, *conditions: ColumnElement[bool]) -> int:
    letters = (
        select(Letter.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(
            Signature.campaign_id == campaign.id,
            Signature.state.in_(WAITING),
            Signature.forgotten_at.is_(None),
            Letter.bundle_id.is_(None),
            *conditions,
        )
    )
    return db.count_rows(session, letters)


def refuse_rewritten(
    session: Session,
    campaign: Campaign,
    aims: Mapping[int, tuple[TargetKind, Mission | None]],
    names: Iterable[Words],
    *,
    seen: Answers,
) -> None:
    """Ask once more before recipients become these, by the official's id. Raises RiskNamed.

    Both is asked at once: what of the new `names` flags rule out, and which letters change.
    """
    rewritten = list(_list_rewritten(session, campaign, aims))
    refuse_named(campaign, names, seen=seen, rewritten=rewritten)


def _list_rewritten(
    session: Session, campaign: Campaign, aims: Mapping[int, tuple[TargetKind, Mission | None]]
) -> Iterator[RewrittenLetters]:
    copies = [] if campaign.cards else list_copies(campaign)
    for target in campaign.targets:
        kind, mission = aims.get(target.official_id, (None, None))
        letters = 0
        if target.kind is TargetKind.TO and kind and mission is not target.mission:
            letters = len(_list_waiting(session, Letter.target_id == target.id))
        elif target in copies and kind is not TargetKind.COPY:
            letters = _count_with_copy(session, target)
        if letters:
            values = frozenset({f"mission={mission and mission.id}"})
            yield RewrittenLetters(
                letters, target.official, was_copy=target in copies, values=values
            )


def _count_with_copy(session: Session, copy: Target) -> int:
    ids = _list_waiting(session, Target.campaign_id == copy.campaign_id)
    if not (times := say_copied(copy)):
        return len(ids)
    return sum(is_copied(times, moment) for moment in read_signing_times(session, ids))


def _list_waiting(session: Session, whose: ColumnElement[bool]) -> Sequence[int]:
    return session.scalars(
        select(Letter.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Target, Target.id == Letter.target_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(whose, is_waiting())
    ).all()


def read_signing_times(session: Session, letter_ids: Iterable[int]) -> Iterator[datetime]:
    """Yield the moments at which the letters were signed; none of one that does not open."""
    query = select(*_TIMES).join(Signature, Signature.id == Letter.signature_id)
    for batch in batched(letter_ids, _BATCH):
        for _letter_id, row in read_each(session, query, Letter.id, batch):
            if row is not None:
                times = ExactTimes.of(row.signed_at, row.confirmed_at, row.exact_times)
                yield times.signed_at
