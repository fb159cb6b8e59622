"""How many letters wait, for whom: exact at any moment, and quick with a million of them.

Letters are counted by blocks of signatures (ids in a row). A periodic job (`overview.count`) keeps
the counts of blocks in which nothing changed since; triggers write down the others in
`figures_due`, and those are counted here, when somebody asks.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ColumnElement, case, delete, func, insert, or_, select, true
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import count_waiting_on_paper
from campaign.campaigns.stop_rule import gives_letters_sql
from campaign.models.bundle import Destination, WaitingLetters
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.statistics import FiguresDue

BLOCK = 1000  # signatures of a block; the triggers divide by the same number
Key = tuple[int, str]  # a target's id, and the language of the letters


def count_waiting(session: Session, targets: Iterable[int]) -> Counter[Key]:
    """Confirmed letters to these targets that are in no bundle, by target and language."""
    target_ids = list(targets)
    due = session.scalars(select(FiguresDue.block).distinct().order_by(FiguresDue.block)).all()
    kept = session.execute(
        select(WaitingLetters.target_id, WaitingLetters.locale, func.sum(WaitingLetters.letters))
        .where(
            WaitingLetters.target_id.in_(target_ids),
            WaitingLetters.block.not_in(select(FiguresDue.block)),
        )
        .group_by(WaitingLetters.target_id, WaitingLetters.locale)
    )
    counts: Counter[Key] = Counter({(target, locale): int(n) for target, locale, n in kept})
    for first, last in _ranges(due):
        counts.update(
            {key: n for key, n in _count(session, first, last).items() if key[0] in target_ids}
        )
    return counts


def count_by_campaign(session: Session, chosen: ColumnElement[bool]) -> Counter[int]:
    """Confirmed letters of the chosen campaigns that are in no bundle, by the campaign's id."""
    pairs = select(Target.id, Target.campaign_id).join(Campaign, Campaign.id == Target.campaign_id)
    campaign_of = dict(session.execute(pairs.where(chosen)).all())
    counts: Counter[int] = Counter()
    for (target_id, _locale), letters in count_waiting(session, campaign_of).items():
        counts[campaign_of[target_id]] += letters
    return +counts


def first_blocks(
    session: Session,
    targets: Iterable[int],
    locales: Collection[str] | None,
    *,
    letters: int,
    most: int,
) -> list[tuple[int, int]]:
    """Where the first letters that wait are: ids of signatures, from one to before another.

    Blocks of which about so many letters to these targets, in these languages (None: in any), wait
    together, `most` blocks at most. A look at what is kept: what changed since may lie elsewhere.
    """
    chosen = true() if locales is None else WaitingLetters.locale.in_(sorted(locales))
    rows = session.execute(
        select(WaitingLetters.block, func.sum(WaitingLetters.letters))
        .where(WaitingLetters.target_id.in_(list(targets)), chosen)
        .group_by(WaitingLetters.block)
        .order_by(WaitingLetters.block)
        .limit(most)
    )
    blocks, counted = [], 0
    for block, some in rows:
        blocks.append(block)
        counted += int(some)
        if counted >= letters:
            break
    return [(first * BLOCK, (last + 1) * BLOCK) for first, last in _ranges(blocks)]


def keep_block(session: Session, block: int) -> None:
    """Count a block, and keep what was found."""
    session.execute(delete(WaitingLetters).where(WaitingLetters.block == block))
    rows = [
        {"block": block, "target_id": target_id, "locale": locale, "letters": letters}
        for (target_id, locale), letters in _count(session, block, block).items()
    ]
    if rows:
        session.execute(insert(WaitingLetters), rows)


def _count(session: Session, first: int, last: int) -> Mapping[Key, int]:
    begin, end = first * BLOCK, (last + 1) * BLOCK
    rows = session.execute(
        select(
            Letter.target_id,
            Signature.letter_locale,
            Signature.state,
            func.sum(case((Signature.forgotten_at.is_(None), 1), else_=0)),
        )
        .join(Signature, Signature.id == Letter.signature_id)
        .where(*are_free_between(begin, end))
        .group_by(Letter.target_id, Signature.letter_locale, Signature.state)
    )
    return {
        (target_id, locale): int(n)
        for target_id, locale, state, n in rows
        if state is SignatureState.CONFIRMED and n
    }


def are_free_between(begin: int, end: int) -> tuple[ColumnElement[bool], ...]:
    """Whether letters are in no bundle, of signatures with an id from one to before another.

    By id alone: a condition on the state would have SQLite read all that are confirmed.
    """
    return (
        Letter.bundle_id.is_(None),
        Letter.signature_id >= begin,
        Letter.signature_id < end,
        Signature.id >= begin,
        Signature.id < end,
    )


def _ranges(blocks: Iterable[int]) -> list[tuple[int, int]]:
    """Blocks in a row, as the first and the last of each row."""
    ranges: list[tuple[int, int]] = []
    for block in blocks:
        if ranges and block == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], block)
        else:
            ranges.append((block, block))
    return ranges


T = TypeVar("T", Campaign, Mission, Official)
_Key = tuple[int | None, int]
"""A mission's id, or none and the id of an official who is written to by post."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many confirmed letters of a campaign wait for a mission, or to go by post."""

    campaign: Campaign
    mission: Destination
    letters: int
    on_paper: int = 0  # people on signed sheets, of a campaign of which no letter waits


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """How many of them go to one official in one language."""

    target: Target
    locale: str
    letters: int


def list_waiting(session: Session, *, rehearsal: Campaign | None = None) -> list[Waiting]:
    """List what could be frozen now, the most letters first; with `rehearsal`, of that campaign."""
    chosen = gives_letters_sql() if rehearsal is None else Campaign.id == rehearsal.id
    aims = session.execute(
        select(Target.id, Target.campaign_id, Target.mission_id, Target.official_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(chosen)
    ).all()
    counts: Counter[int] = Counter()
    for (target_id, _), letters in count_waiting(session, [aim.id for aim in aims]).items():
        counts[target_id] += letters
    pairs: Counter[tuple[int, _Key]] = Counter()
    for target_id, campaign_id, mission_id, official_id in aims:
        pairs[campaign_id, _key(mission_id, official_id)] += counts[target_id]
    campaigns = _by_id(
        session, Campaign, {campaign_id for (campaign_id, _), n in pairs.items() if n}
    )
    places = _destinations(session, {key for (_, key), n in pairs.items() if n})
    return sorted(
        (
            Waiting(campaigns[campaign_id], places[key], letters)
            for (campaign_id, key), letters in pairs.items()
            if letters
        ),
        key=lambda waiting: (-waiting.letters, waiting.campaign.id, waiting.mission.id),
    )


def _key(mission_id: int | None, official_id: int) -> _Key:
    return (mission_id, 0) if mission_id is not None else (None, official_id)


def _destinations(session: Session, keys: Iterable[_Key]) -> dict[_Key, Destination]:
    missions = _by_id(session, Mission, {mission for mission, _ in keys if mission is not None})
    officials = _by_id(
        session, Official, {official for mission, official in keys if mission is None}
    )
    return {key: officials[key[1]] if key[0] is None else missions[key[0]] for key in keys}


def _by_id(session: Session, kind: type[T], ids: set[int]) -> dict[int, T]:
    return {row.id: row for row in session.scalars(select(kind).where(kind.id.in_(ids)))}


def _list_sheets_alone(session: Session, others: Collection[int]) -> list[Waiting]:
    """Signed sheets of all campaigns but `others`: for each destination that they can go to."""
    rows = session.execute(
        select(Target.campaign_id, Target.mission_id, Target.official_id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(
            gives_letters_sql(),
            Campaign.id.not_in(others),
            or_(Target.mission_id.is_not(None), Target.kind == TargetKind.TO),
        )
        .order_by(Target.campaign_id, Target.mission_id.is_(None), Target.mission_id, Target.id)
    ).all()
    every_pair = dict.fromkeys(
        (campaign_id, _key(mission_id, official_id))
        for campaign_id, mission_id, official_id in rows
    )
    people = count_waiting_on_paper(session, {campaign_id for campaign_id, _key in every_pair})
    pairs = [(campaign_id, key) for campaign_id, key in every_pair if campaign_id in people]
    campaigns = _by_id(session, Campaign, set(people))
    places = _destinations(session, {key for _campaign_id, key in pairs})
    return [
        Waiting(campaigns[campaign_id], places[key], 0, people[campaign_id])
        for campaign_id, key in pairs
    ]


def list_by_mission(session: Session) -> list[tuple[Destination, list[Waiting]]]:
    """List what could be frozen now, per destination, the most letters first; then sheets."""
    letters = list_waiting(session)
    sheets = _list_sheets_alone(session, {waiting.campaign.id for waiting in letters})
    by_mission: dict[Destination, list[Waiting]] = {}
    for waiting in (*letters, *sheets):
        by_mission.setdefault(waiting.mission, []).append(waiting)
    return sorted(by_mission.items(), key=lambda pair: -sum(waiting.letters for waiting in pair[1]))
