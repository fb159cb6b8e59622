"""How a campaign's letters stand: by official, by mission, and what came of their bundles."""

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.destinations import (
    ATTEMPT_WITH_DESTINATION,
    WITH_DESTINATION,
    destination_of,
)
from campaign.dashboard.campaign_statistics import Figures
from campaign.dashboard.figure_tables import MissionRow, TargetRow
from campaign.deliveries.event_order import newest_first
from campaign.deliveries.recording_rules import GONE_OUT
from campaign.models.bundle import Bundle, DeliveryAttempt, Destination
from campaign.models.campaign import Campaign, TargetKind


def target_rows(campaign: Campaign, figures: Figures) -> list[TargetRow]:
    """Letters to each official who is written to."""
    return [
        TargetRow(
            target,
            figures.letters(target.id),
            figures.letters(target.id, "waiting"),
            figures.letters(target.id, "aside"),
            figures.letters(target.id, "never"),
        )
        for target in campaign.targets
        if target.kind is TargetKind.TO
    ]


def attempts_of(unit: Session, campaign: Campaign) -> Sequence[DeliveryAttempt]:
    """What happened at the gates, the newest first."""
    return unit.scalars(
        select(DeliveryAttempt)
        .where(DeliveryAttempt.campaign_id == campaign.id)
        .options(*ATTEMPT_WITH_DESTINATION)
        .order_by(*newest_first())
    ).all()


def mission_rows(unit: Session, campaign: Campaign, figures: Figures) -> list[MissionRow]:
    """Letters through each mission and by post: of the targets now, and of bundles made before."""
    waiting: dict[Destination, int] = defaultdict(int)
    for row in target_rows(campaign, figures):
        waiting[destination_of(row.target)] += row.waiting
    printed: dict[Destination, int] = defaultdict(int)
    over: dict[Destination, int] = defaultdict(int)
    attempts = attempts_of(unit, campaign)
    gone: dict[int | None, int] = defaultdict(int)
    for one in attempts:
        gone[one.bundle_id] += one.messages if one.outcome in GONE_OUT else 0
    newest = {one.destination: one for one in reversed(attempts)}
    for bundle in _bundles(unit, campaign):
        held = figures.one("bundle", bundle.id)
        out = min(held, gone[bundle.id])
        over[bundle.destination] += out
        printed[bundle.destination] += held - out
    return [
        MissionRow(one, waiting[one], printed[one], over[one], newest.get(one))
        for one in dict.fromkeys((*waiting, *over))
    ]


def _bundles(unit: Session, campaign: Campaign) -> Sequence[Bundle]:
    return unit.scalars(
        select(Bundle)
        .where(Bundle.campaign_id == campaign.id)
        .options(*WITH_DESTINATION)
        .order_by(Bundle.id)
    ).all()
