"""The life of a campaign, as rules. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType

from campaign.campaigns.stop_rule import gives_letters, may_go_out
from campaign.core.errors import Invalid, Refused
from campaign.core.i18n import day_is_over
from campaign.models.campaign import CampaignStatus, UpdateKind

HIDDEN = (CampaignStatus.DRAFT, CampaignStatus.REVIEW, CampaignStatus.SCHEDULED)
"""Before it opens: known to the desk only; whoever signs it then, rehearses."""
APPROVED_BY_OTHERS = (CampaignStatus.REVIEW, CampaignStatus.SCHEDULED)
"""What a second person is to look at, or has, where the settings ask for one."""
TOWARDS_OPENING = (*APPROVED_BY_OTHERS, CampaignStatus.OPEN)
"""Moves before which must be there what a public campaign needs."""
PUBLIC = (CampaignStatus.OPEN, CampaignStatus.CLOSED, CampaignStatus.STOPPED)

_BECAUSE: Mapping[tuple[CampaignStatus, CampaignStatus], str] = MappingProxyType(
    {
        (CampaignStatus.DRAFT, CampaignStatus.REVIEW): "ask for a review",
        (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED): "schedule",
        (CampaignStatus.DRAFT, CampaignStatus.OPEN): "open",
        (CampaignStatus.REVIEW, CampaignStatus.DRAFT): "send back, take back",
        (CampaignStatus.REVIEW, CampaignStatus.SCHEDULED): "schedule (second person)",
        (CampaignStatus.REVIEW, CampaignStatus.OPEN): "open (second person)",
        (CampaignStatus.SCHEDULED, CampaignStatus.DRAFT): "take back, could not open",
        # What is changed after a second person has looked must be looked at again.
        (CampaignStatus.SCHEDULED, CampaignStatus.REVIEW): "changed after it was approved",
        (CampaignStatus.SCHEDULED, CampaignStatus.OPEN): "its moment has come",
        (CampaignStatus.OPEN, CampaignStatus.CLOSED): "close, last day over",
        (CampaignStatus.OPEN, CampaignStatus.STOPPED): "stop",
        # A closed campaign can still hold letters for the next bundle: a stop must reach them.
        (CampaignStatus.CLOSED, CampaignStatus.OPEN): "extend",
        (CampaignStatus.CLOSED, CampaignStatus.STOPPED): "stop",
    }
)
MOVES: Mapping[CampaignStatus, tuple[CampaignStatus, ...]] = MappingProxyType(
    {
        status: tuple(after for before, after in _BECAUSE if before is status)
        for status in CampaignStatus
    }
)
"""From each status, those that can follow. A stop is final: nobody who heard of it writes again."""

TOLD_ANYWAY = frozenset({UpdateKind.REPLY, UpdateKind.OUTCOME})
"""Updates that those who asked for news are mailed, also where their author does not ask for it."""

_ON_ITS_WAY = (CampaignStatus.SCHEDULED, CampaignStatus.OPEN)
"""What only a second person decides, where the settings ask for one."""


def moves_by_hand(
    status: CampaignStatus, *, second_person: bool, is_writer: bool = False
) -> tuple[CampaignStatus, ...]:
    """What the desk offers next. `is_writer`: the reader is who submitted it for review."""
    if second_person and status is CampaignStatus.DRAFT:
        return (CampaignStatus.REVIEW,)
    if second_person and status is CampaignStatus.REVIEW and is_writer:
        return (CampaignStatus.DRAFT,)
    return tuple(move for move in MOVES[status] if move is not CampaignStatus.REVIEW)


def check_second_person(
    before: CampaignStatus, after: CampaignStatus, *, writer: str, actor: str
) -> None:
    """Raise Refused unless a second person decides this, where the settings ask for one.

    `needs-review`: nobody was asked to look at the draft. `second-person`: who decides wrote last.
    """
    if after not in _ON_ITS_WAY or before not in HIDDEN:
        return
    if before is CampaignStatus.DRAFT:
        raise Refused("needs-review")
    if before is CampaignStatus.REVIEW and (not actor.startswith("staff:") or actor == writer):
        raise Refused("second-person")


def after_change(status: CampaignStatus, *, second_person: bool) -> CampaignStatus:
    """Where a campaign stands once its content was changed: what was approved is so no more."""
    if second_person and status is CampaignStatus.SCHEDULED:
        return CampaignStatus.REVIEW
    return status


def may_move(before: CampaignStatus, after: CampaignStatus) -> bool:
    return after in MOVES[before]


def check_move(before: CampaignStatus, after: CampaignStatus) -> None:
    if not may_move(before, after):
        raise Refused("campaign-status", before=before.value, after=after.value)


def may_open(status: CampaignStatus, blockers: int) -> bool:
    return may_move(status, CampaignStatus.OPEN) and blockers == 0


def takes_signatures(status: CampaignStatus, act_by: date | None, now: datetime) -> bool:
    """Whether a letter can be signed now: open, and its last day not over everywhere on Earth."""
    return status is CampaignStatus.OPEN and (act_by is None or not day_is_over(act_by, now))


def takes_confirmations(
    status: CampaignStatus, act_by: date | None, closed_at: datetime | None
) -> bool:
    """Whether a letter that was signed in time can still be confirmed.

    Also after the calendar has closed the campaign: nobody is late who signed on the last day.
    Not after somebody has closed it before. Before the opening there are rehearsal letters only.
    """
    if status is CampaignStatus.CLOSED:
        return act_by is not None and closed_at is not None and day_is_over(act_by, closed_at)
    return may_go_out(status)


def check_deadline(
    status: CampaignStatus, before: date | None, after: date | None, *, is_wrong: bool = False
) -> None:
    """Raise Invalid (`act_by`) where a published last day would be taken away or moved earlier.

    Signed letters and printed sheets name it. It moves earlier where it was a mistake, `is_wrong`.
    """
    if before is None or not is_public(status):
        return
    if after is None:
        raise Invalid(fields={"act_by": "deadline-missing"})
    if after < before and not is_wrong:
        raise Invalid(fields={"act_by": "deadline-earlier"})


def is_under_embargo(until: datetime | None, now: datetime) -> bool:
    return until is not None and now < until


def obstacles_to_opening(
    at: datetime, act_by: date | None, embargo_until: datetime | None
) -> dict[str, str]:
    """Why it could not open at that moment, by the fields that stand in the way."""
    slugs = {}
    if is_under_embargo(embargo_until, at):
        slugs["embargo_until"] = "opens-under-embargo"
    if act_by is not None and day_is_over(act_by, at):
        slugs["act_by"] = "opens-after-deadline"
    return slugs


def is_over(status: CampaignStatus, act_by: date | None, now: datetime) -> bool:
    """Whether the calendar closes it now: its last day has ended everywhere on Earth."""
    return status is CampaignStatus.OPEN and act_by is not None and day_is_over(act_by, now)


def is_rehearsal(status: CampaignStatus) -> bool:
    """Whether signatures of such a campaign are invented ones: it has not opened."""
    return status in HIDDEN


def is_news(
    kind: UpdateKind | None, status: CampaignStatus, act_by: date | None, now: datetime
) -> bool:
    """Whether the network may be told: of an update of that kind, or (none) of a new action.

    Nobody is asked to write to a case that takes no letters. Only good news may come after a close.
    """
    if kind is UpdateKind.GOOD_NEWS:
        return gives_letters(status)
    return kind in {None, UpdateKind.FURTHER_INFORMATION} and takes_signatures(status, act_by, now)


def tells_signers(kind: UpdateKind, status: CampaignStatus, *, is_asked: bool) -> bool:
    """Whether those who asked for news are mailed an update; after a stop only an outcome."""
    may_tell = is_public(status) if kind is UpdateKind.OUTCOME else gives_letters(status)
    return may_tell and (is_asked or kind in TOLD_ANYWAY)


def why_not_mailed(status: CampaignStatus, *, tells_of_stop: bool) -> str:
    """Why the outbox holds back a mail about a campaign, for its log; empty: it goes out."""
    if is_rehearsal(status):
        return "campaign not open"
    return "" if tells_of_stop or may_go_out(status) else "campaign stopped"


def is_public(status: CampaignStatus) -> bool:
    return status in PUBLIC


def drawing() -> str:
    moves = [
        f"    {before.value} --> {after.value}: {why}" for (before, after), why in _BECAUSE.items()
    ]
    first, last = CampaignStatus.DRAFT.value, CampaignStatus.STOPPED.value
    lines = ["stateDiagram-v2", f"    [*] --> {first}", *moves, f"    {last} --> [*]"]
    return "\n".join(lines) + "\n"
