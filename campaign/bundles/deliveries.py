"""Deliveries: what happened at the gate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import audit, jobs
from campaign.bundles import standing
from campaign.bundles.loading import day_in
from campaign.bundles.models import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.campaigns import lifecycle
from campaign.campaigns.models import Campaign, UpdateKind
from campaign.campaigns.updates import Words, post_update
from campaign.errors import Invalid, Refused
from campaign.officials.models import Mission


@dataclass(frozen=True, slots=True)
class Post:
    """What the campaign's page says of a delivery."""

    words: Words
    """Title and text (Markdown) per language; the campaign's own must be there."""
    picture: str = ""
    """Key of a picture in the storage."""
    picture_alt: Mapping[str, str] = field(default_factory=dict)


def record_delivery(
    unit: Session,
    *,
    campaign: Campaign,
    mission: Mission,
    happened_on: date,
    messages: int,
    outcome: DeliveryOutcome,
    actor: str,
    bundle: Bundle | None = None,
    place: str = "",
    received_by: str = "",
    notes: Mapping[str, str] | None = None,
    post: Post | None = None,
) -> DeliveryAttempt:
    """Record an attempt, and tell it on the campaign's page where there is a `post`.

    `bundle` is none where what was handed over was not made here. Raises Invalid: the same was
    recorded before, it happened after a stop, or what `post_update` finds missing. Raises Refused
    (`not-open`) for a rehearsal.
    """
    # Nobody takes a letter back while it is handed over.
    unit.refresh(campaign, with_for_update={"key_share": True})
    _refuse_undeliverable(campaign, happened_on)
    if bundle is not None and _is_recorded(unit, bundle, happened_on, outcome, place):
        raise Invalid(fields={"outcome": "delivery-recorded"})
    attempt = DeliveryAttempt(
        campaign_id=campaign.id,
        mission_id=mission.id,
        bundle_id=bundle.id if bundle else None,
        happened_on=happened_on,
        place=place,
        received_by=received_by,
        messages=messages,
        outcome=outcome,
        notes=dict(notes or {}),
    )
    unit.add(attempt)
    unit.flush()
    if bundle is not None and outcome is not DeliveryOutcome.REFUSED:
        standing.note_handed_over(unit, bundle)
    jobs.enqueue(unit, "following.delivery-recorded", attempt.id)
    if post is not None:
        _tell(unit, campaign, attempt, post, actor)
    audit.record(
        unit,
        actor=actor,
        action="delivery.record",
        subject=f"delivery:{attempt.id}",
        outcome=outcome.value,
        messages=messages,
    )
    return attempt


def _refuse_undeliverable(campaign: Campaign, happened_on: date) -> None:
    """Nothing invented is handed over, and nothing after a stop; what was before is recorded."""
    if lifecycle.is_rehearsal(campaign.status):
        raise Refused("not-open", campaign=campaign.slug)
    stopped = campaign.stopped_at
    if stopped is not None and happened_on > day_in(stopped, campaign.timezone):
        raise Invalid(fields={"happened_on": "delivery-after-stop"})


def _is_recorded(
    unit: Session, bundle: Bundle, happened_on: date, outcome: DeliveryOutcome, place: str
) -> bool:
    """Whether the same was recorded before: a form that is sent twice would be told twice."""
    same = select(DeliveryAttempt.id).where(
        DeliveryAttempt.bundle_id == bundle.id,
        DeliveryAttempt.happened_on == happened_on,
        DeliveryAttempt.outcome == outcome,
        DeliveryAttempt.place == place,
    )
    return unit.scalar(same.limit(1)) is not None


def _tell(
    unit: Session, campaign: Campaign, attempt: DeliveryAttempt, post: Post, actor: str
) -> None:
    post_update(
        unit,
        campaign,
        actor=actor,
        kind=UpdateKind.DELIVERY,
        happened_on=attempt.happened_on,
        words=post.words,
        picture=post.picture,
        picture_alt=post.picture_alt,
    )


def list_deliveries(unit: Session) -> list[tuple[DeliveryAttempt, Campaign, Mission]]:
    """Every attempt with its campaign and mission, the newest first."""
    rows = unit.execute(
        select(DeliveryAttempt, Campaign, Mission)
        .join(Campaign, Campaign.id == DeliveryAttempt.campaign_id)
        .join(Mission, Mission.id == DeliveryAttempt.mission_id)
        .order_by(DeliveryAttempt.happened_on.desc(), DeliveryAttempt.id.desc())
    )
    return [(attempt, campaign, mission) for attempt, campaign, mission in rows]
