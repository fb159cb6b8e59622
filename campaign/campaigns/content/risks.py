"""Risk flags of a campaign: what must stand in no text.

Their words are sealed in the database and never in the audit.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import lifecycle
from campaign.campaigns.changes import move, needs_second_person, record_change
from campaign.campaigns.content.risk_words import Finding, Watch, Words, texts_of_campaign
from campaign.core.errors import Invalid, Refused
from campaign.core.text.desk_texts import one_line
from campaign.directory.risk_flags import Naming
from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.directory import Mission, Official
from campaign.models.revision import RiskFlag, RiskKind

_ON_ITS_WAY = {*lifecycle.PUBLIC, CampaignStatus.SCHEDULED}
"""Where what is saved leaves the desk with nobody asked again."""
MOST_FLAGS = 100
LONGEST = 120


class RiskNamed(Invalid):
    """A text that everybody would read at once says what a flag rules out; `found` says where."""

    def __init__(self, found: Sequence[Finding]) -> None:
        super().__init__("risk-named", fields={finding.field: "risk-named" for finding in found})
        self.found = tuple(found)


def watch_of(campaign: Campaign) -> Watch:
    """The campaign's flags, ready to look through texts."""
    return Watch((flag.kind, flag.words) for flag in campaign.risk_flags)


def set_flags(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    words: Iterable[tuple[RiskKind, str]],
    embargo_until: datetime | None,
) -> None:
    """Make the flags exactly these.

    Where a text of a campaign that opens by itself says a new one, the opening is taken off:
    whoever scheduled it was not asked about these words.

    The audit tells how many there are of a kind, never which. Raises Invalid: a line is too long
    or no word; Refused (`embargo-too-late`) where the case is public already.
    """
    flags = list(dict.fromkeys((kind, line) for kind, text in words if (line := one_line(text))))
    for kind, line in flags:
        if len(line) > LONGEST or not any(map(str.isalnum, line)):
            raise Invalid(fields={kind.value: "not-a-word"})
    if len(flags) > MOST_FLAGS:
        raise Invalid(fields={flags[0][0].value: "words-too-many"})
    held = embargo_until is not None and embargo_until != campaign.embargo_until
    if held and campaign.opened_at is not None:
        raise Refused("embargo-too-late")
    flags_before = {(flag.kind, flag.words): flag for flag in campaign.risk_flags}
    if set(flags_before) == set(flags) and embargo_until == campaign.embargo_until:
        return
    if campaign.status is CampaignStatus.SCHEDULED:
        # Its moment may come meanwhile: wait for that, or let it wait.
        session.refresh(campaign, ("status", "open_at"), with_for_update={"key_share": True})
    campaign.risk_flags = [
        flags_before.get((kind, line)) or RiskFlag(kind=kind, words=line) for kind, line in flags
    ]
    campaign.embargo_until = embargo_until
    counts = {kind.value: sum(one is kind for one, _ in flags) for kind in RiskKind}
    record_change(
        session, campaign, actor, "campaign.risks", flags=counts, embargo=embargo_until is not None
    )
    new = Watch(flag for flag in flags if flag not in flags_before)
    if campaign.status is CampaignStatus.SCHEDULED and new.findings(texts_of_campaign(campaign)):
        move(session, campaign, CampaignStatus.DRAFT, actor)


def refuse_named(campaign: Campaign, texts: Iterable[Words], *, seen: bool) -> None:
    """Ask once more before a text leaves the desk that says what a flag rules out.

    Every text on its way to the public, to a mail or to paper passes here. Raises RiskNamed. Not
    where its writer has `seen` the warning, nor on a draft, which only the desk reads: there the
    warning stands beside the text.
    """
    if campaign.status in _ON_ITS_WAY:
        refuse_named_in([campaign], texts, seen=seen)


def refuse_named_in(campaigns: Iterable[Campaign], texts: Iterable[Words], *, seen: bool) -> None:
    """The same for a text of several campaigns, whatever their status. Raises RiskNamed."""
    words = list(texts)
    findings = (
        []
        if seen
        else [finding for campaign in campaigns for finding in watch_of(campaign).findings(words)]
    )
    if findings:
        raise RiskNamed(list(dict.fromkeys(findings)))


def find_naming(
    session: Session, model: type[Official | Mission], said: Mapping[int, Iterable[str]]
) -> dict[int, list[Naming]]:
    """Of entries of the directory, those that break a flag of a campaign on its way that names one.

    `said` is what each would say, by its id.
    """
    entry: Any = Target.official_id if model is Official else Target.mission_id
    naming = session.execute(
        select(entry, Campaign.id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Campaign.status.in_(_ON_ITS_WAY), Campaign.risk_flags.any(), entry.is_not(None))
        .distinct()
    )
    by_entry: dict[int, list[Naming]] = {}
    for entry_id, campaign_id in naming:
        words = [Words("entry", "", "", text) for text in said.get(entry_id, ())]
        if not words:
            continue
        campaign = session.get_one(Campaign, campaign_id)
        if watch_of(campaign).findings(words):
            waits = campaign.status is CampaignStatus.SCHEDULED and needs_second_person()
            take_off = (
                partial(_note_entry, session, campaign, model.__tablename__) if waits else None
            )
            by_entry.setdefault(entry_id, []).append(
                Naming(campaign.status in lifecycle.PUBLIC, take_off)
            )
    return by_entry


def _note_entry(session: Session, campaign: Campaign, kind: str, actor: str) -> None:
    record_change(session, campaign, actor, "campaign.entry", kind=kind)


def words_by_field(part: str, texts: Mapping[str, str], field: str = "") -> list[Words]:
    """A text per language, as flags look through it; `field` begins the form's name."""
    return [Words(part, code, f"{field}{code}", text) for code, text in texts.items()]
