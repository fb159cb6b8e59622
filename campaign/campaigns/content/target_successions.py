"""Who holds an office now takes the place, on campaigns, of who held it before."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.campaigns import order_letter_locales, stays_ready
from campaign.campaigns.changes import record_change
from campaign.campaigns.content import revisions
from campaign.campaigns.content.part_contents import targets_content
from campaign.campaigns.content.risks import RiskNamed, refuse_named
from campaign.campaigns.content.targets import find_target, words_of_official
from campaign.campaigns.stop_rule import has_ended_sql
from campaign.core.errors import Invalid, Refused
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import Official
from campaign.models.revision import Part
from campaign.models.staff import StaffUser, sees


@dataclass(slots=True)
class Replaced:
    """What came of replacing an official on several campaigns."""

    done: list[str] = field(default_factory=list)
    """References of the campaigns that aim at the successor now."""
    twice: list[str] = field(default_factory=list)
    """Those that aim at the successor already: one of the two targets must go first."""
    lacking: list[str] = field(default_factory=list)
    """Open ones whose letters need words that the successor lacks."""
    flagged: list[str] = field(default_factory=list)
    """Those whose risk flags rule out what the successor's entry says."""


def list_aimed(session: Session, *, official: Official, by: StaffUser) -> Sequence[Target]:
    """Targets of campaigns that are not over, as far as `by` sees them, that are this official."""
    return session.scalars(
        select(Target)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Target.official_id == official.id, ~has_ended_sql(), sees(by, Campaign.id))
        .order_by(Campaign.id)
    ).all()


def replace_official(session: Session, *, target: Target, successor: Official, actor: str) -> None:
    """Aim at the successor from now on; letters that are not in a bundle yet go there too.

    Raises Refused (`target-already`) where the campaign aims at the successor, Invalid where an
    open campaign would lack what its letters need, RiskNamed as for any new target.
    """
    campaign, before = target.campaign, target.official
    if find_target(campaign, successor.slug) is not None:
        raise Refused("target-already", campaign=campaign.reference)
    revisions.check(session, campaign, Part.TARGETS, "", None)
    refuse_named(campaign, words_of_official(campaign, successor), seen=False)
    content = targets_content(campaign)
    with stays_ready(campaign):
        target.official, target.official_id = successor, successor.id
        order_letter_locales(campaign)
    session.flush()
    after = targets_content(campaign)
    revisions.keep(session, campaign, Part.TARGETS, "", before=content, after=after, actor=actor)
    record_change(
        session, campaign, actor, "campaign.successor", before=before.id, after=successor.id
    )


def replace_everywhere(
    session: Session, *, targets: Sequence[Target], successor: Official, actor: str
) -> Replaced:
    """Do so on each of the campaigns; one that cannot is left as it is, and named."""
    replaced = Replaced()
    for target in targets:
        reference = target.campaign.reference
        try:
            with session.begin_nested():
                replace_official(session, target=target, successor=successor, actor=actor)
        except Refused:
            replaced.twice.append(reference)
        except RiskNamed:
            replaced.flagged.append(reference)
        except Invalid:
            session.refresh(target)
            session.refresh(target.campaign)
            replaced.lacking.append(reference)
        else:
            replaced.done.append(reference)
    return replaced
