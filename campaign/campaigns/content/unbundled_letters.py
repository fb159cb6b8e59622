"""Signed letters that are in no bundle yet: what of the campaign's facts they still follow."""

from collections.abc import Callable, Collection, Mapping

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.content.part_contents import texts_of
from campaign.core import db
from campaign.directory.signed_letters import WAITING
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.printing.placeholders import placeholders_in

_REFERENCE = "reference"  # on each letter, whatever its text says
_FACTS = frozenset({_REFERENCE, "person_name", "country"})
"""Facts that letters say by the placeholder of this name; of a deadline its own page tells."""


def count_confirmed(session: Session, campaign: Campaign) -> int:
    is_confirmed = Signature.state == SignatureState.CONFIRMED
    return _count(session, campaign, is_confirmed)


def count_naming_deadline(session: Session, campaign: Campaign) -> int:
    return _count_naming(session, campaign, lambda _locale: {"deadline"})


def count_rewritten(session: Session, campaign: Campaign, facts: Mapping[str, object]) -> int:
    """Count those that say another fact of `facts` than they did when they were signed."""
    new = {name for name in _FACTS & facts.keys() if facts[name] != getattr(campaign, name)}
    if not new or lifecycle.is_rehearsal(campaign.status):
        return 0
    if _REFERENCE in new:
        return _count(session, campaign)
    named_otherwise = campaign.names_by_locale
    return _count_naming(
        session,
        campaign,
        lambda locale: new - {"person_name"} if locale in named_otherwise else new,
    )


def count_renamed(session: Session, campaign: Campaign, locale: str, person_name: str) -> int:
    """Count those in a language that name the person otherwise, called `person_name` in it."""
    new_name = person_name or campaign.person_name
    if new_name == campaign.name_in(locale) or lifecycle.is_rehearsal(campaign.status):
        return 0
    return _count_naming(session, campaign, lambda code: {"person_name"} if code == locale else ())


def _count_naming(
    session: Session, campaign: Campaign, names_in: Callable[[str], Collection[str]]
) -> int:
    """Count those whose proposed text has one of the placeholders `names_in` its language.

    Of who rewrote the text, the subject alone is the proposed one.
    """
    in_subject, in_text = [], []
    for template in campaign.templates:
        names = {*names_in(template.locale)}
        if not names.isdisjoint(placeholders_in(template.subject)):
            in_subject.append(template.id)
        elif any(not names.isdisjoint(placeholders_in(text)) for text in texts_of(template)):
            in_text.append(template.id)
    if not in_subject and not in_text:
        return 0
    is_proposed = and_(Letter.template_id.in_(in_text), Signature.full_text.is_(None))
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
