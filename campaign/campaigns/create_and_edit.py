"""Campaigns draft, edited, copied and deleted."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any, TypedDict, Unpack

from sqlalchemy import func, insert, inspect, or_, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.campaigns import check_readiness, lifecycle, rehearsal
from campaign.campaigns.check_readiness import Gap
from campaign.campaigns.content import revisions, rewritten_letters
from campaign.campaigns.content.address_and_salutation import list_addressed
from campaign.campaigns.content.part_contents import current_templates, facts_content
from campaign.campaigns.content.risks import Words, refuse_changed, words_of_facts
from campaign.campaigns.find_campaigns import list_harm_stops
from campaign.campaigns.record_change import check_opening, record_change, say_deadlines
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import audit, db
from campaign.core.answers import NOTHING, Answers
from campaign.core.errors import Invalid, Refused
from campaign.core.text.desk_texts import slug_of
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    LetterFormat,
    LetterTemplate,
    TalkingPoint,
    Target,
)
from campaign.models.revision import Part, RiskFlag
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import CampaignMember

_RESERVED = {"new", "officials"}
_NEEDED_TO_PRINT = {"deadline-unset", "no-salutation", "address-does-not-fit"}
_GIVEN_UP = (SignatureState.WITHDRAWN, SignatureState.ERASED)
_CHAIN_LOCK = 0x0A0D18
OF_ITS_OWN = frozenset(
    {
        "id", "public_id", "seal_id", "slug", "reference", "index_number", "status",
        "status_reasons", "stop_kind", "issued_on", "act_by", "opened_at", "reopened_at",
        "closed_at", "stopped_at", "open_at", "opening_missed_at", "submitted_by_id",
        "review_note", "follows_id", "created_by_id", "owner_id", "forgotten_at", "created_at",
        "changed_at", "flags_checked",
    }
)  # fmt: skip
"""What a campaign does not take from another; all else is carried over, also what comes later."""
_KEYS = frozenset({"id", "public_id", "seal_id", "campaign_id", "target_id", "template_id"})


class Facts(TypedDict, total=False):
    reference: str
    index_number: str
    country: str
    format: LetterFormat
    person_name: str
    person_died: bool
    person_pronouns: str
    themes: list[str]
    issued_on: date | None
    act_by: date | None
    timezone: str
    default_locale: str
    letter_locales: list[str]
    follows_id: int | None


def create_campaign(
    session: Session, *, actor: str, created_by_id: int | None = None, **facts: Unpack[Facts]
) -> Campaign:
    """Make a draft; its address follows the reference. Raises Invalid (`reference`)."""
    slug = _free_slug(session, facts["reference"], None)
    campaign = Campaign(slug=slug, created_by_id=created_by_id, **facts)
    with _of_two_at_once_one(session):
        session.add(campaign)
    audit.record(session, actor, "campaign.create", campaign)
    return campaign


def edit_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    based_on: int | None = None,
    risks_seen: Answers = NOTHING,
    is_deadline_wrong: bool = False,
    **facts: Unpack[Facts],
) -> Campaign:
    """Change facts. Until it opens its address follows the reference; then it stays.

    A published deadline stays, or moves to a later day; to an earlier one only where it was a
    mistake, `is_deadline_wrong`.
    Once somebody has signed, the format stays, since own words on a letter are too long for a card;
    and the time zone, in which signed letters are dated.
    Raises Invalid, Refused (`changed-meanwhile`) where somebody saved after revision `based_on`,
    RiskNamed, SpoilsOpening.
    """
    revisions.check(session, campaign, Part.FACTS, based_on)
    _refuse_signed(session, campaign, facts)
    letters = rewritten_letters.find_rewritten(session, campaign, facts)
    new_words = _new_words(campaign, facts)
    refuse_changed(session, campaign, new_words, seen=risks_seen, letters=letters)
    before, published = facts_content(campaign), campaign.act_by
    if "reference" in facts:
        slug = _free_slug(session, facts["reference"], campaign)
        if lifecycle.is_rehearsal(campaign.status):
            campaign.slug = slug
    refuse_circle(session, campaign, facts.get("follows_id"))
    last_day = facts.get("act_by", campaign.act_by)
    lifecycle.check_deadline(campaign.status, campaign.act_by, last_day, is_wrong=is_deadline_wrong)
    with _of_two_at_once_one(session), stays_ready(campaign):
        new = {name: fact for name, fact in facts.items() if getattr(campaign, name) != fact}
        for name, fact in new.items():
            setattr(campaign, name, fact)
        order_letter_locales(campaign)
        if "act_by" in new:
            check_opening(session, campaign, "act_by")
    if new:
        after = facts_content(campaign)
        revisions.keep(session, campaign, Part.FACTS, actor, before, after)
        detail: dict[str, object] = {"fields": sorted(new)}
        if lifecycle.is_public(campaign.status):
            detail |= say_deadlines(published, campaign.act_by)
            if "act_by" in new and is_deadline_wrong:
                detail["is_deadline_wrong"] = True
        record_change(session, campaign, actor, "campaign.edit", **detail)
    return campaign


def _refuse_signed(session: Session, campaign: Campaign, facts: Facts) -> None:
    """Raise Invalid where the facts would change what people signed, not in a rehearsal."""
    signed = select(Signature.id).where(Signature.campaign_id == campaign.id)
    can_be_printed = signed.where(Signature.state.not_in(_GIVEN_UP))
    stays = {
        "format": ("cards-signed" if campaign.cards else "letters-signed", can_be_printed),
        # Also of a letter that is given up the page says on which day it was signed.
        "timezone": ("zone-signed", signed),
    }
    refused = {
        name: slug
        for name, (slug, signatures) in stays.items()
        if facts.get(name, getattr(campaign, name)) != getattr(campaign, name)
        and not lifecycle.is_rehearsal(campaign.status)
        and db.has_row(session, signatures)
    }
    if refused:
        raise Invalid(fields=refused)


def _new_words(campaign: Campaign, facts: Facts) -> list[Words]:
    return [
        replace(words, text=str(facts.get(words.field, "")))
        for words in words_of_facts(campaign)
        if facts.get(words.field, "") != words.text
    ]


class NotReady(Invalid):
    """A change after which the campaign would lack what it needs to be open: `gaps`."""

    def __init__(self, campaign: Campaign, gaps: Sequence[Gap]) -> None:
        super().__init__("campaign-not-ready", fields={gap.form_field: gap.slug for gap in gaps})
        self.campaign, self.gaps = campaign, gaps


@contextmanager
def stays_ready(campaign: Campaign, *, scheduled: bool = False) -> Iterator[None]:
    """Refuse a change after which an open campaign would lack what it needs to be open.

    A closed one may lack what only new letters need, but not what its signed letters print with.
    With `scheduled`, one that waits for its opening is held to the same. Raises NotReady, naming
    the field where the gap is known to belong to one.
    """
    now = db.utcnow()
    before = set(check_readiness.blockers(campaign, now))
    yield
    waits = scheduled and campaign.status is CampaignStatus.SCHEDULED
    if not (waits or gives_letters(campaign.status)):
        return
    new = [gap for gap in check_readiness.blockers(campaign, now) if gap not in before]
    if campaign.status is CampaignStatus.CLOSED:
        new = [gap for gap in new if gap.slug in _NEEDED_TO_PRINT]
    if new:
        raise NotReady(campaign, new)


def order_letter_locales(campaign: Campaign) -> None:
    """Put the languages that the targets read best first."""
    preferred = {target.official.preferred_locale for target in list_addressed(campaign)}
    locales = list(campaign.letter_locales)
    ordered = sorted(locales, key=lambda code: code not in preferred)
    if ordered != locales:
        campaign.letter_locales = ordered


@contextmanager
def _of_two_at_once_one(session: Session) -> Iterator[None]:
    """Raise Invalid where somebody took the reference after we looked whether it is free."""
    try:
        with session.begin_nested():
            yield
    except IntegrityError as problem:
        raise Invalid(fields={"reference": "reference-taken"}) from problem


def _free_slug(session: Session, reference: str, own: Campaign | None) -> str:
    slug = slug_of(reference)
    if not slug:
        raise Invalid(fields={"reference": "reference-empty"})
    taken = select(Campaign.id).where(
        or_(Campaign.slug == slug, func.lower(Campaign.reference) == reference.lower())
    )
    if own is not None:
        taken = taken.where(Campaign.id != own.id)
    if slug in _RESERVED or session.scalar(taken.limit(1)) is not None:
        raise Invalid(fields={"reference": "reference-taken"})
    return slug


def refuse_circle(session: Session, campaign: Campaign, follows_id: int | None) -> None:
    """Raise Invalid with the field `follows` where the campaign would follow itself in the end."""
    if follows_id is None:
        return
    # Two organizers at once could close a circle of which each sees half; SQLite has one writer.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHAIN_LOCK})
    seen: set[int] = set()
    at: int | None = follows_id
    while at is not None and at not in seen:
        if at == campaign.id:
            raise Invalid(fields={"follows": "follows-circle"})
        seen.add(at)
        at = session.scalar(select(Campaign.follows_id).where(Campaign.id == at))


def continue_campaign(
    session: Session, earlier: Campaign, *, actor: str, created_by_id: int | None, reference: str
) -> Campaign:
    """Further information: a draft linked to `earlier`, with all it has but days.

    Raises Invalid (`reference`).
    """
    draft = _carry_over(session, earlier, actor, created_by_id, reference)
    draft.follows_id = earlier.id
    _take_risks(earlier, draft)
    session.flush()
    session.expire(earlier, ["followed_by"])
    # Who worked on the earlier action goes on working on the case.
    on_team = select(CampaignMember.staff_user_id).where(CampaignMember.campaign_id == earlier.id)
    people = {*session.scalars(on_team), earlier.owner_id} - {draft.owner_id, None}
    now = db.utcnow()
    common = {"campaign_id": draft.id, "added_at": now}
    if rows := [common | {"staff_user_id": person_id} for person_id in sorted(people)]:
        session.execute(insert(CampaignMember), rows)
    audit.record(session, actor, "campaign.continue", draft, earlier=earlier.id)
    return draft


def clone_campaign(
    session: Session,
    other: Campaign,
    *,
    actor: str,
    created_by_id: int | None,
    reference: str,
    risks: bool | None = None,
) -> Campaign:
    """A draft with the texts, targets, letters and options of another campaign.

    With `risks`, about the same people, it has its risk flags too; after a stop because letters
    could do harm it is linked to it, and so warned about. False is about someone else, None where
    nobody was asked. Raises Invalid (`reference`).
    """
    draft = _carry_over(session, other, actor, created_by_id, reference)
    if risks is False:
        # The name and the texts stay: `copied_texts` lists where they are still the other's.
        draft.person_pronouns, draft.person_died = "", False
    if risks:
        _take_risks(other, draft)
        if list_harm_stops(session, other):
            draft.follows_id = other.id
    audit.record(session, actor, "campaign.clone", draft, other=other.id)
    return draft


def _carry_over(
    session: Session, source: Campaign, actor: str, created_by_id: int | None, reference: str
) -> Campaign:
    facts: dict[str, Any] = _columns_of(source, OF_ITS_OWN) | {"reference": reference}
    if not lifecycle.is_under_embargo(source.embargo_until, db.utcnow()):
        facts["embargo_until"] = None  # While it runs, it covers the same texts in the copy too.
    draft = create_campaign(session, actor=actor, created_by_id=created_by_id, **facts)
    draft.editions = [
        Edition(**_columns_of(edition, _KEYS | {"outcome"})) for edition in source.editions
    ]
    targets = {
        target.id: Target(**_columns_of(target, _KEYS | {"copied_since"}))
        for target in source.targets
    }
    draft.targets = list(targets.values())
    session.flush()
    for old_id in (None, *targets):
        own = targets[old_id].id if old_id is not None else None
        for template in current_templates(source, old_id).values():
            leave = _KEYS | {"version", "created_by_id", "created_at"}
            draft.templates.append(
                LetterTemplate(
                    **_columns_of(template, leave),
                    version=1,
                    target_id=own,
                    created_by_id=created_by_id,
                    points=[TalkingPoint(**_columns_of(point, _KEYS)) for point in template.points],
                )
            )
    session.flush()
    return draft


def _columns_of(row: Any, leave: frozenset[str]) -> dict[str, Any]:
    names = (column.key for column in inspect(type(row)).column_attrs)
    return {name: deepcopy(getattr(row, name)) for name in names if name not in leave}


def _take_risks(source: Campaign, draft: Campaign) -> None:
    draft.risk_flags = [RiskFlag(kind=flag.kind, words=flag.words) for flag in source.risk_flags]


def delete_draft(session: Session, campaign: Campaign, *, actor: str) -> None:
    """Delete it with all that is its own; its picture's file is swept.

    Raises Refused: `not-a-draft` where it waits for its opening or was open once, `draft-in-use`
    where something real hangs on it, such as a sheet that people signed.
    """
    session.refresh(campaign, with_for_update=True)
    if campaign.status is not CampaignStatus.DRAFT or campaign.opened_at is not None:
        raise Refused("not-a-draft")
    if campaign.followed_by:
        raise Refused("draft-in-use")
    reference, number = campaign.reference, campaign.id
    try:
        with session.begin_nested():
            rehearsal.wipe(session, campaign)
            session.delete(campaign)
            session.flush()
    except IntegrityError as problem:
        raise Refused("draft-in-use") from problem
    audit.record(session, actor, "campaign.delete", f"campaign:{number}", reference=reference)
