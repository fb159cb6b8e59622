"""Campaigns: making, changing, finding, opening and ending them.

Campaigns that everybody may read, loaded at once with what lists of them show.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import TypedDict, Unpack

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, selectinload

from campaign.campaigns import lifecycle, rehearsal
from campaign.campaigns.changes import check_move, drop_empty, move, note, record_change, staff_id
from campaign.campaigns.content import revisions
from campaign.campaigns.content.blacked_out import refuse_blacked_out
from campaign.campaigns.content.part_contents import facts_content
from campaign.campaigns.content.risk_words import Words, texts_of_campaign
from campaign.campaigns.content.risks import refuse_named, refuse_named_in, words_by_field
from campaign.campaigns.follow_ups import refuse_circle
from campaign.campaigns.readiness import approval_mails, check_readiness
from campaign.campaigns.stop_rule import gives_letters
from campaign.core import clock, db, jobs
from campaign.core.errors import Invalid, NotFound, Refused
from campaign.core.text.desk_texts import slug_of
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    LetterFormat,
    StopKind,
    TargetKind,
    Update,
)
from campaign.models.revision import Part
from campaign.models.staff import StaffUser, sees

_RESERVED = {"new", "officials"}
_NEEDED_TO_PRINT = {"deadline-unset", "no-salutation", "address-does-not-fit"}


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
    """A new draft; its address is made from the reference.

    Raises Invalid with the field `reference` where another campaign has it.
    """
    slug = _free_slug(session, facts["reference"], None)
    campaign = Campaign(slug=slug, created_by_id=created_by_id, **facts)
    with _of_two_at_once_one(session):
        session.add(campaign)
    note(session, campaign, actor, "campaign.create")
    return campaign


def edit_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    based_on: int | None = None,
    risks_seen: bool = False,
    **facts: Unpack[Facts],
) -> Campaign:
    """Change facts. Until it opens its address follows the reference; then it stays.

    Raises Invalid: the reference is taken, an open campaign would lack what it needs, or it would
    be further information on itself in the end; Refused (`changed-meanwhile`) where somebody
    saved after revision `based_on`; RiskNamed where a new name or reference says what a flag rules
    out.
    """
    revisions.check(session, campaign, Part.FACTS, "", based_on)
    refuse_named(campaign, _new_words(campaign, facts), seen=risks_seen)
    before = facts_content(campaign)
    if "reference" in facts:
        slug = _free_slug(session, facts["reference"], campaign)
        if lifecycle.is_rehearsal(campaign.status):
            campaign.slug = slug
    refuse_circle(session, campaign, facts.get("follows_id"))
    with _of_two_at_once_one(session), stays_ready(campaign):
        changed = [name for name, value in facts.items() if getattr(campaign, name) != value]
        for name in changed:
            setattr(campaign, name, facts[name])  # type: ignore[literal-required]
        order_letter_locales(campaign)
    if changed:
        after = facts_content(campaign)
        revisions.keep(session, campaign, Part.FACTS, "", before=before, after=after, actor=actor)
        record_change(session, campaign, actor, "campaign.edit", fields=sorted(changed))
    return campaign


def _new_words(campaign: Campaign, facts: Facts) -> list[Words]:
    shown = ("reference", "index_number", "person_name", "person_pronouns")
    new = {name: str(facts.get(name, "")) for name in shown}
    return [
        Words("facts", campaign.default_locale, name, text)
        for name, text in new.items()
        if text != getattr(campaign, name)
    ]


def open_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    act_by: date | None = None,
    risks_seen: bool = False,
) -> None:
    """Open a campaign, or a closed one again, with a new last day where one is given.

    What it was rehearsed with is wiped. Raises Refused: `campaign-status` where it cannot open,
    `needs-review` or `second-person` where somebody else decides, `campaign-not-ready` with the
    number of its blocking gaps; RiskNamed where a text that nobody could read until now says what
    a flag rules out.
    """
    check_move(session, campaign, CampaignStatus.OPEN, actor)
    if act_by is not None:
        campaign.act_by = act_by
    missing = len(check_readiness.blockers(campaign, now))
    if not lifecycle.may_open(campaign.status, missing):
        raise Refused("campaign-not-ready", missing=missing)
    if lifecycle.is_rehearsal(campaign.status):
        refuse_named_in([campaign], texts_of_campaign(campaign), seen=risks_seen)
        rehearsal.wipe(session, campaign)
    first = campaign.opened_at is None
    campaign.opened_at = campaign.opened_at or now
    campaign.closed_at = None
    before = campaign.status
    move(session, campaign, CampaignStatus.OPEN, actor)
    approval_mails.answer(session, campaign, before, by=staff_id(actor))
    jobs.enqueue(session, "network.announce", campaign.id)
    if first and campaign.follows_id is not None:
        jobs.enqueue(session, "following.continued", campaign.id)


def close_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    reasons: Mapping[str, str] | None = None,
    risks_seen: bool = False,
) -> None:
    """Take no more letters; those that are confirmed are delivered. Everybody reads `reasons`.

    Raises RiskNamed where they say what a flag rules out.
    """
    check_closing(session, campaign, actor=actor, reasons=reasons or {}, risks_seen=risks_seen)
    campaign.closed_at = now
    move(session, campaign, CampaignStatus.CLOSED, actor, reasons=reasons)


def check_closing(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    reasons: Mapping[str, str],
    risks_seen: bool,
) -> None:
    """Raise what `close_campaign` would."""
    check_move(session, campaign, CampaignStatus.CLOSED, actor)
    words = _reason_words(reasons)
    refuse_named(campaign, words, seen=risks_seen)
    refuse_blacked_out(session, campaign, words, seen=risks_seen)


def stop_campaign(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    now: datetime,
    reasons: Mapping[str, str],
    kind: StopKind | None = StopKind.HARM,
    risks_seen: bool = False,
    reasons_wait: bool = False,
) -> None:
    """End it for good, at once: no letter, mail or bundle goes out. Everybody reads `reasons`.

    Not where these wait for a second person (`reasons_wait`): nobody reads them then, and pages
    and mails say what kind of stop it is.

    Raises Invalid with the field `kind` where none is chosen, and with
    `reason_<default language>` where no language has a reason; RiskNamed where one says what a
    flag rules out.
    """
    check_move(session, campaign, CampaignStatus.STOPPED, actor)
    if kind is None or not drop_empty(reasons):
        reason = {f"reason_{campaign.default_locale}": "reason-missing"}
        missing = {"kind": "stop-kind-missing"} if kind is None else {}
        raise Invalid(fields=missing | (reason if not drop_empty(reasons) else {}))
    words = _reason_words(reasons)
    refuse_named(campaign, words, seen=risks_seen)
    refuse_blacked_out(session, campaign, words, seen=risks_seen)
    campaign.closed_at = campaign.closed_at or now
    campaign.stopped_at, campaign.stop_kind = now, kind
    public = {} if reasons_wait else reasons
    move(session, campaign, CampaignStatus.STOPPED, actor, reasons=public, kind=kind.value)
    jobs.enqueue(session, "following.campaign-stopped", campaign.id)
    jobs.enqueue(session, "deliveries.campaign-stopped", campaign.id)


def _reason_words(reasons: Mapping[str, str]) -> list[Words]:
    return words_by_field("reason", reasons, "reason_")


def get_campaign(session: Session, slug: str) -> Campaign:
    """The campaign of that address, draft or not, whoever asks: for commands and jobs.

    At the desk, `team.get_campaign_of` asks who may see it. Raises NotFound.
    """
    campaign = session.scalar(select(Campaign).where(Campaign.slug == slug))
    if campaign is None:
        raise NotFound("campaign", campaign=slug)
    return campaign


def find_public_campaign(session: Session, slug: str) -> Campaign | None:
    """The campaign of that address if everybody may read it; a draft is not there."""
    public = Campaign.status.in_(lifecycle.PUBLIC)
    return session.scalar(select(Campaign).where(Campaign.slug == slug, public))


def list_open(session: Session, now: datetime) -> Sequence[Campaign]:
    """Campaigns that take letters now, the nearest last day first."""
    return session.scalars(_open_ones(now)).all()


def find_open(session: Session, now: datetime, *, besides: Select[int]) -> Campaign | None:
    """The first of `list_open`, without those whose ids `besides` selects."""
    return session.scalar(_open_ones(now).where(Campaign.id.not_in(besides)).limit(1))


def _open_ones(now: datetime) -> Select[Campaign]:
    order = (Campaign.act_by.is_(None), Campaign.act_by, Campaign.id.desc())
    return select(Campaign).where(_takes_signatures(now)).order_by(*order)


def _takes_signatures(now: datetime) -> ColumnElement[bool]:
    today = clock.day_of(now, clock.LATEST_ZONE)
    in_time = or_(Campaign.act_by.is_(None), Campaign.act_by >= today)
    return (Campaign.status == CampaignStatus.OPEN) & in_time


def list_followable(
    session: Session, campaign: Campaign | None, *, by: StaffUser
) -> Sequence[Campaign]:
    """Campaigns to which this one (or a new one) can be further information, newest first.

    Those that `by` sees, and the one that it follows already.
    """
    seen = sees(by, Campaign.id)
    others = select(Campaign).where(seen)
    if campaign is not None:
        kept = or_(seen, Campaign.id == campaign.follows_id)
        others = select(Campaign).where(kept, Campaign.id != campaign.id)
    return session.scalars(others.order_by(Campaign.id.desc()).limit(200)).all()


@contextmanager
def stays_ready(campaign: Campaign) -> Iterator[None]:
    """Refuse a change after which an open campaign would lack what it needs to be open.

    A closed one may lack what only new letters need, but not what its signed letters print with.
    Raises Invalid, naming the field where the gap is known to belong to one.
    """
    now = db.utcnow()
    before = set(check_readiness.blockers(campaign, now))
    yield
    if not gives_letters(campaign.status):
        return
    new = [gap for gap in check_readiness.blockers(campaign, now) if gap not in before]
    if campaign.status is CampaignStatus.CLOSED:
        new = [gap for gap in new if gap.slug in _NEEDED_TO_PRINT]
    if new:
        raise Invalid("campaign-not-ready", fields={gap.form_field: gap.slug for gap in new})


def order_letter_locales(campaign: Campaign) -> None:
    """Put the languages that the targets read best first."""
    preferred = [
        target.official.preferred_locale
        for target in campaign.targets
        if target.kind is TargetKind.TO
    ]
    locales = list(campaign.letter_locales)
    ordered = sorted(locales, key=lambda code: (code not in preferred, locales.index(code)))
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


def list_public(session: Session) -> Sequence[Campaign]:
    """All public campaigns with their editions and updates, in a fixed number of queries."""
    return session.scalars(
        select(Campaign)
        .where(Campaign.status.in_(lifecycle.PUBLIC))
        .options(
            selectinload(Campaign.editions),
            selectinload(Campaign.updates).selectinload(Update.editions),
        )
        .order_by(Campaign.id)
    ).all()


def why_not_mailed(session: Session, campaign_id: int, *, tells_of_stop: bool) -> str:
    status = session.scalar(select(Campaign.status).where(Campaign.id == campaign_id))
    return lifecycle.why_not_mailed(status, tells_of_stop=tells_of_stop) if status else ""
