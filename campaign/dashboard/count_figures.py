"""Keeping the figures true: what changed is counted again, each minute, a block at a time.

Triggers write down in which block of signatures something changed (`figures_due`). A block is
counted anew as a whole, and the sums of the campaigns in it change by the difference: the sums are
those of the blocks, always. Besides, a few of the blocks that were counted longest ago are counted
again each time, so that within a day whatever no trigger saw is mended as well. Mails that did not
arrive and letters that waited in vain are counted apart.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    select,
    type_coerce,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.bundles.freeze.waiting_counts import BLOCK, keep_block
from campaign.core import clock, db, jobs
from campaign.core.sealing import LONGEST_EMPTY, Keyring, WrongKey
from campaign.dashboard.read_figures import ONLINE, Counts, Figures, add_counts, delay_of, key_of
from campaign.directory.postal_addresses import region_code
from campaign.mail.messages import BadAddress, MailState, OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.signature import (
    REWRITTEN,
    ExactTimes,
    Letter,
    LinkEnd,
    Signature,
    SignatureState,
    SpentLink,
)
from campaign.models.statistics import CampaignFigures, FiguresBlock, FiguresDue, FiguresRun
from campaign.signing.states import LIVE

_Signature: TypeAlias = Row[Any]
"""What is read of a signature: `_COLUMNS`."""
_AT_ONCE = 4
"""Blocks of one transaction: on SQLite nobody signs while it lasts, some tenths of a second."""
_MINUTES_A_DAY = 1440
_RECENT = timedelta(days=35)
_SETTLED = timedelta(minutes=5)
"""By then every transaction that ended a letter's waiting is committed."""
_NOT_WANTED = "no longer wanted"
"""What the sender notes of a mail that it held back: nothing failed."""
_COLUMNS = (
    Signature.campaign_id,
    Signature.state,
    Signature.seal_id,
    *(
        type_coerce(column, LargeBinary).label(column.key)
        for column in (Signature.country, Signature.region, Signature.source, Signature.exact_times)
    ),
    func.length(type_coerce(Signature.own_words, LargeBinary)).label("own_length"),
    Signature.full_text.is_not(None).label("rewritten"),
    Signature.forgotten_words,
    Signature.locale,
    Signature.letter_locale,
    Signature.signed_at,
    Signature.confirmed_at,
    Signature.sent_by_self_at,
    Signature.origin,
)


@jobs.job("overview.count", every_minutes=1)
def count() -> None:
    """Count again what changed, and some of what was counted longest ago."""
    with db.transaction() as session:
        lock_run(session)
        _mark_moved_zones(session)
        blocks = session.scalar(select(func.count()).select_from(FiguresBlock)) or 0
        oldest = select(FiguresBlock.block).order_by(FiguresBlock.counted_at)
        some = session.scalars(oldest.limit(-(-blocks // _MINUTES_A_DAY))).all()
        session.add_all(FiguresDue(block=block) for block in some)
    while _count_due():
        pass
    with db.transaction() as session:
        lock_run(session).counted_at = db.utcnow()


@jobs.job("overview.recount")
def recount() -> None:
    """Count everything from nothing."""
    with db.transaction() as session:
        lock_run(session)
        last = session.scalar(select(func.max(Signature.id))) or 0
        session.execute(delete(FiguresBlock))
        for row in session.scalars(select(CampaignFigures)):
            _write(row, Counter(), db.utcnow())
        session.add_all(FiguresDue(block=block) for block in range(last // BLOCK + 1))
    count()


@jobs.job("overview.count-mails", every_minutes=10)
def count_mails() -> None:
    """Count bounces, mails that failed or wait, and expired letters, for every campaign."""
    now = db.utcnow()
    failed = and_(OutboxMail.state == MailState.FAILED, OutboxMail.failure != _NOT_WANTED)
    with db.reading() as session:
        totals = {
            "bad_addresses": _count_bad_addresses(session),
            "mails_failed": _count_outbox(session, failed),
            "mails_waiting": _count_outbox(
                session, OutboxMail.state.in_([MailState.WAITING, MailState.SENDING])
            ),
        }
    with db.transaction() as session:
        run = lock_run(session)
        expired = _count_expired(session, run, now - _SETTLED)
        for row in session.scalars(select(CampaignFigures)):
            for name, counts in totals.items():
                setattr(row, name, counts.get(row.campaign_id, 0))
            row.expired += expired.pop(row.campaign_id, 0)
        for campaign_id, n in expired.items():
            session.add(
                CampaignFigures(campaign_id=campaign_id, timezone="", counts="{}", expired=n)
            )
        run.expired_to, run.mails_at = now - _SETTLED, now


def forget_rehearsed(session: Session, campaign: Campaign) -> None:
    """Show no invented letter as waiting: the sums follow with the next count."""
    row = session.get(CampaignFigures, campaign.id)
    if row is not None:
        row.recent = {}
        row.confirmed = row.pending = row.held = row.waiting = 0


def find_run(session: Session) -> FiguresRun | None:
    return session.get(FiguresRun, 1)


def figures_of(session: Session, campaign: Campaign) -> tuple[Figures, CampaignFigures | None]:
    row, run = session.get(CampaignFigures, campaign.id), find_run(session)
    counted, since = run.counted_at if run else None, campaign.opened_at
    rehearsed = since is not None and (counted is None or counted < since)
    return Figures(json.loads(row.counts) if row and not rehearsed else {}), row


def lock_run(session: Session) -> FiguresRun:
    """Let one worker count at a time: the others wait here."""
    session.execute(db.insert_into(session, FiguresRun).values(id=1).on_conflict_do_nothing())
    return session.get_one(FiguresRun, 1, with_for_update=True, populate_existing=True)


def _mark_moved_zones(session: Session) -> None:
    """Have the days of a campaign that has another time zone now counted anew."""
    moved = session.execute(
        select(Campaign.id, Campaign.timezone)
        .join(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(CampaignFigures.timezone != Campaign.timezone)
    ).all()
    for campaign_id, zone in moved:
        first, last = session.execute(
            select(func.min(Signature.id), func.max(Signature.id)).where(
                Signature.campaign_id == campaign_id
            )
        ).one()
        if first is not None:
            blocks = range(first // BLOCK, last // BLOCK + 1)
            session.add_all(FiguresDue(block=block) for block in blocks)
        session.get_one(CampaignFigures, campaign_id).timezone = zone


def _count_due() -> bool:
    """Count some of the blocks that are due; return whether there were any."""
    with db.transaction() as session:
        lock_run(session)
        due = select(FiguresDue.block).distinct().order_by(FiguresDue.block.desc()).limit(_AT_ONCE)
        blocks = session.scalars(due).all()
        # Before counting: what is changed from here on writes a row of its own.
        session.execute(delete(FiguresDue).where(FiguresDue.block.in_(blocks)))
        now, changes = db.utcnow(), defaultdict[int, Counts](Counter)
        for block in blocks:
            for campaign_id, difference in _count_anew(session, block, now).items():
                changes[campaign_id].update(difference)
        _change_sums(session, changes, now)
    return bool(blocks)


def _count_anew(session: Session, block: int, now: datetime) -> dict[int, Counts]:
    """Count a block and keep it; return what is different now, by campaign."""
    row = session.get(FiguresBlock, block)
    stored = json.loads(row.counts) if row else {}
    before = {int(campaign_id): counts for campaign_id, counts in stored.items()}
    after = _count_block(session, block)
    difference: dict[int, Counts] = {}
    for campaign_id in before.keys() | after.keys():
        change = Counter(after.get(campaign_id, {}))
        change.subtract(before.get(campaign_id, {}))
        if any(change.values()):
            difference[campaign_id] = change
    if row is None:
        row = FiguresBlock(block=block)
        session.add(row)
    if row.counts is None or difference:
        row.counts = json.dumps(after, ensure_ascii=False)
        keep_block(session, block)
    row.counted_at = now
    return difference


def _change_sums(session: Session, changes: Mapping[int, Counts], now: datetime) -> None:
    rows = session.execute(
        select(Campaign.id, Campaign.timezone, CampaignFigures)
        .outerjoin(CampaignFigures, CampaignFigures.campaign_id == Campaign.id)
        .where(Campaign.id.in_(list(changes)))
    )
    for campaign_id, zone, kept in rows.all():
        row: CampaignFigures | None = kept
        if row is None:
            row = CampaignFigures(campaign_id=campaign_id, counts="{}")
            session.add(row)
        row.timezone = zone
        _write(row, add_counts(json.loads(row.counts), changes[campaign_id]), now)


def _write(row: CampaignFigures, counts: Counts, now: datetime) -> None:
    figures, since = Figures(counts), clock.day_of(now - _RECENT, row.timezone)
    row.counts = json.dumps({key: n for key, n in counts.items() if n}, ensure_ascii=False)
    row.recent = {day.isoformat(): n for day, n in figures.daily().items() if day >= since}
    row.confirmed = figures.confirmed
    row.pending = figures.in_state(SignatureState.PENDING)
    row.held = figures.in_state(SignatureState.HELD)
    row.waiting = figures.waiting


def _count_block(session: Session, block: int) -> dict[int, Counts]:
    """Count what there is in the block, by campaign. Only reads."""
    by_campaign: dict[int, Counts] = defaultdict(Counter)
    rows = session.execute(select(*_COLUMNS).where(*_in_block(Signature.id, block))).all()
    ids = {row.campaign_id for row in rows}
    of_campaigns = select(Campaign.id, Campaign.timezone).where(Campaign.id.in_(ids))
    zones = {row.id: row.timezone for row in session.execute(of_campaigns)}
    keyring = db.keyring_of(session.get_bind().dialect)
    for row in rows:
        count = by_campaign[row.campaign_id]
        origin = row.origin.value
        count[key_of("state", row.state.value, origin)] += 1
        exact = _open(row, "exact_times", keyring)
        times = ExactTimes.of(row.signed_at, row.confirmed_at, exact)
        if row.confirmed_at is not None and origin == ONLINE:
            count[key_of("ever")] += 1
            waited = (times.confirmed_at or row.confirmed_at) - times.signed_at
            count[key_of("delay", delay_of(waited))] += 1
        if row.state is SignatureState.CONFIRMED:
            day = clock.day_of(times.confirmed_at or times.signed_at, zones[row.campaign_id])
            count.update(_list_keys(row, origin, keyring))
            count[key_of("day", day, origin)] += 1
            country = _open(row, "country", keyring)
            # Its region's code where the post knows it: what people typed stays sealed.
            region = region_code(country, _open(row, "region", keyring))
            count[key_of("place", country, region)] += 1
    for campaign_id, key, n in _count_letters(session, block):
        by_campaign[campaign_id][key] += n
    return by_campaign


def _in_block(
    column: InstrumentedAttribute[int], block: int
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return column >= block * BLOCK, column < (block + 1) * BLOCK


def _list_keys(row: _Signature, origin: str, keyring: Keyring) -> list[str]:
    keys = []
    if origin == ONLINE:  # Who signed on paper read no page of ours, and has no letter.
        keys += [key_of("locale", row.locale), key_of("letter", row.letter_locale)]
        keys.append(key_of("source", _open(row, "source", keyring)))
    rewritten = row.rewritten or row.forgotten_words == REWRITTEN
    if row.own_length > LONGEST_EMPTY or rewritten or row.forgotten_words:
        keys.append(key_of("own"))
    if rewritten:
        keys.append(key_of("rewritten"))
    if row.sent_by_self_at is not None:
        keys.append(key_of("self"))
    return keys


def _open(row: _Signature, name: str, keyring: Keyring) -> str:
    sealed = getattr(row, name)
    try:
        return keyring.open(sealed, f"signature.{name}", row.seal_id) if sealed else ""
    except WrongKey:
        return ""


def _count_letters(session: Session, block: int) -> Iterator[tuple[int, str, int]]:
    """Count confirmed letters by target and bundle; one of nobody known waits for none."""
    kinds = (Signature.campaign_id, Signature.state, Letter.target_id, Letter.bundle_id)
    unbundled, known = Letter.bundle_id.is_(None), Signature.forgotten_at.is_(None)
    conditions = (and_(unbundled, known), and_(unbundled, ~known), Letter.set_aside.is_not(None))
    rows = session.execute(
        select(*kinds, func.count(), *(func.sum(case((each, 1), else_=0)) for each in conditions))
        .join(Signature, Signature.id == Letter.signature_id)
        # By id alone: a condition on the state would have SQLite read all that are confirmed.
        .where(*_in_block(Letter.signature_id, block), *_in_block(Signature.id, block))
        .group_by(*kinds)
    )
    for campaign_id, state, target_id, bundle_id, n, waiting, never, aside in rows:
        if state is not SignatureState.CONFIRMED:
            continue
        by_what = {"all": n, "waiting": waiting, "never": never, "aside": aside}
        for what, number in by_what.items():
            yield campaign_id, key_of("target", target_id, what), int(number)
        if bundle_id is not None:
            # What is set aside is in no file of it, and waits for no delivery.
            yield campaign_id, key_of("bundle", bundle_id), n - int(aside)


def _count_bad_addresses(session: Session) -> dict[int | None, int]:
    """Count signatures whose address mail does not get to."""
    return _count_by_campaign(
        session,
        select(Signature.campaign_id, func.count())
        .join(BadAddress, BadAddress.email_hmac == Signature.email_hmac)
        .where(Signature.state.in_(LIVE)),
    )


def _count_outbox(session: Session, condition: ColumnElement[bool]) -> dict[int | None, int]:
    query = select(OutboxMail.campaign_id, func.count())
    return _count_by_campaign(session, query.where(condition, OutboxMail.campaign_id.is_not(None)))


def _count_expired(session: Session, run: FiguresRun, until: datetime) -> dict[int | None, int]:
    """Count letters that expired since the last count; their traces are forgotten one day."""
    query = select(SpentLink.campaign_id, func.count()).where(
        SpentLink.end == LinkEnd.EXPIRED, SpentLink.ended_at <= until
    )
    if run.expired_to is not None:
        query = query.where(SpentLink.ended_at > run.expired_to)
    return _count_by_campaign(session, query)


def _count_by_campaign(
    session: Session, query: Select[int | None, int] | Select[int, int]
) -> dict[int | None, int]:
    """Count by the first column of the query."""
    return dict(session.execute(query.group_by(query.selected_columns[0])).all())
