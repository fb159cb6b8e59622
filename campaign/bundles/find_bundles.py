"""Bundles: finding them, and how far they are."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.bundles.changes.withdrawals import select_gone
from campaign.bundles.destinations import WITH_DESTINATION, find_destination, is_for
from campaign.core import db
from campaign.core.db.leases import BEAT_SECONDS, LEASE
from campaign.models.bundle import Bundle, BundleState, Destination, Volume, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter
from campaign.web.pagination import Listing, load_page

_LATE_SECONDS = 5.0  # by which a beat may be late on a busy machine
UNFINISHED = (BundleState.PRINTING, BundleState.ASSEMBLING)


@dataclass(frozen=True, slots=True)
class PrintProgress:
    done: int
    total: int
    lately: int  # those of them that were done in the seconds below
    seconds: float  # since it was frozen, or since volumes of it were last sent to be made again
    at_work: bool  # whether somebody prints or assembles it just now
    volumes: int = 0
    silent: float = 0.0
    """Seconds since those who print it were last heard of; 0 where nobody prints."""
    dropped: bool = False
    """Whether a worker began a volume, and was not heard of until its lease was over."""

    @property
    def is_silent(self) -> bool:
        """Whether a worker that lives would have been heard of: what it did says nothing now."""
        return self.silent > BEAT_SECONDS + _LATE_SECONDS

    @property
    def left(self) -> int:
        return self.total - self.done

    @property
    def per_second(self) -> float:
        """Letters printed a second; what lies printed from before says nothing of it."""
        return self.lately / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> int | None:
        """At that rate; None while there is none."""
        rate = self.per_second
        return round(self.left / rate) if rate else None


def get_pair(session: Session, *, campaign: str, mission: str) -> tuple[Campaign, Destination]:
    """Return the campaign and the destination of these slugs. Raises as `find_destination`."""
    query = select(Campaign).where(Campaign.slug == campaign)
    found_campaign = db.get_row(session, query, "campaign", slug=campaign)
    return found_campaign, find_destination(session, mission, found_campaign)


def get_bundle(session: Session, public_id: str) -> Bundle:
    with_campaign = (joinedload(Bundle.campaign), *WITH_DESTINATION)
    query = select(Bundle).where(Bundle.public_id == public_id).options(*with_campaign)
    return db.get_row(session, query, "bundle")


def find_bundle(
    session: Session,
    *,
    campaign: Campaign,
    mission: Destination,
    sequence: int | None = None,
    states: Collection[BundleState] = UNFINISHED,
) -> Bundle | None:
    """Find the bundle of that number for the pair; without a number, the first in these states."""
    query = select(Bundle).where(Bundle.campaign_id == campaign.id, is_for(mission))
    if sequence is None:
        query = query.where(Bundle.state.in_(states)).order_by(Bundle.sequence).limit(1)
    else:
        query = query.where(Bundle.sequence == sequence)
    return session.scalar(query)


def list_bundles(session: Session, *, page: int = 1) -> Listing[Bundle]:
    query = select(Bundle).options(joinedload(Bundle.campaign), *WITH_DESTINATION)
    return load_page(session, query.order_by(Bundle.id.desc()), page)


def list_rehearsed(session: Session, campaign: Campaign) -> Sequence[Bundle]:
    query = select(Bundle).options(*WITH_DESTINATION).where(Bundle.campaign_id == campaign.id)
    return session.scalars(query.order_by(Bundle.id.desc())).all()


def count_letters(session: Session, bundles: Sequence[Bundle]) -> dict[int, int]:
    """Count the letters in the files that each bundle now is, by its id; before it is one, all."""
    letters = func.coalesce(prints.letters_of_print(), Bundle.letter_count)
    chosen = Bundle.id.in_([bundle.id for bundle in bundles])
    rows = session.execute(select(Bundle.id, letters).where(chosen))
    return dict(rows.all())


def progress_of(session: Session, bundle: Bundle, now: datetime) -> PrintProgress:
    return progress_of_all(session, [bundle], now)[bundle.id]


def progress_of_all(
    session: Session, bundles: Sequence[Bundle], now: datetime
) -> dict[int, PrintProgress]:
    printing = Volume.state == VolumeState.PRINTING
    held = and_(printing, Volume.lease_until > now)
    printed = Volume.state == VolumeState.PRINTED
    done = case((or_(printed, printing), Volume.printed_letters), else_=0)
    before = and_(printed, Volume.printed_at < Bundle.remade_at)
    to_print = case((printed, Volume.printed_letters), else_=Volume.letter_count)
    rows = session.execute(
        select(
            Volume.bundle_id,
            func.sum(done).label("done"),
            func.sum(to_print).label("total"),
            func.sum(case((before, 0), else_=done)).label("lately"),
            func.count(Volume.id).filter(held).label("at_work"),
            func.count(Volume.id).filter(printing, Volume.lease_until <= now).label("dropped"),
            func.max(Volume.lease_until).filter(held).label("lease_until"),
            func.count(Volume.id).label("volumes"),
        )
        .join(Bundle, Bundle.id == Volume.bundle_id)
        .where(Volume.bundle_id.in_([bundle.id for bundle in bundles]))
        .group_by(Volume.bundle_id)
    )
    by_bundle = {row.bundle_id: row for row in rows}
    gone = {
        bundle.id: _count_gone(session, bundle) for bundle in bundles if bundle.state in UNFINISHED
    }
    return {
        bundle.id: _progress(bundle, by_bundle.get(bundle.id), gone.get(bundle.id, 0), now)
        for bundle in bundles
    }


def _count_gone(session: Session, bundle: Bundle) -> int:
    """Count the letters that its volumes are printed without: they were withdrawn."""
    unprinted = select(Volume.id).where(
        Volume.bundle_id == bundle.id, Volume.state != VolumeState.PRINTED
    )
    gone = select(func.count(Letter.id)).where(
        Letter.volume_id.in_(unprinted), Letter.signature_id.in_(select_gone(bundle.campaign_id))
    )
    return session.scalar(gone) or 0


def _progress(
    bundle: Bundle, row: Row[*tuple[Any, ...]] | None, gone: int, now: datetime
) -> PrintProgress:
    """From the row of its volumes; None where they are gone."""
    assembling_now = bundle.lease_until is not None and bundle.lease_until > now
    return PrintProgress(
        volumes=row.volumes if row else 0,
        done=int(row.done) if row else 0,
        lately=int(row.lately) if row else 0,
        total=int(row.total) - gone if row else 0,
        seconds=(now - (bundle.remade_at or bundle.created_at)).total_seconds(),
        at_work=bool(row and row.at_work) or assembling_now,
        silent=_silence(row.lease_until, now) if row else 0.0,
        dropped=bool(row and row.dropped),
    )


def _silence(lease_until: datetime | None, now: datetime) -> float:
    """Seconds since a lease was last extended; each time it is so by as much."""
    return max((now - (lease_until - LEASE)).total_seconds(), 0.0) if lease_until else 0.0


def count_starts(session: Session, bundle: Bundle) -> int:
    """Count how often a volume that is not printed was started since it was last printed."""
    stored = {
        str(file["name"]): str(file["stored"])
        for recorded in prints.list_prints(session, bundle)
        for file in recorded.files
    }
    starts = [
        volume.attempt - file_names.attempt_of(stored.get(file_names.volume_file(volume.sequence)))
        for volume in bundle.volumes
        if volume.state is not VolumeState.PRINTED
    ]
    return max(starts, default=0)


def list_set_aside(session: Session, bundle: Bundle, *, limit: int = 500) -> Sequence[Letter]:
    set_aside = select(Letter).where(*_set_aside(bundle))
    return session.scalars(set_aside.order_by(Letter.sequence).limit(limit)).all()


def count_set_aside(session: Session, bundle: Bundle) -> int:
    return session.scalar(select(func.count()).select_from(Letter).where(*_set_aside(bundle))) or 0


def _set_aside(bundle: Bundle) -> Iterator[ColumnElement[bool]]:
    """Those that were printed and taken out again are told of as such, and not once more."""
    yield Letter.bundle_id == bundle.id
    yield Letter.set_aside.is_not(None)
    yield Letter.first_page.is_(None)  # else it was printed, and its sheet removed by hand
    if letters := bundle.taken_out.letters:
        yield Letter.sequence.not_in([int(letter.number) for letter in letters])


def can_wait_again(session: Session, bundle: Bundle) -> bool:
    """Whether a letter that was set aside could be printed by another bundle."""
    mendable = (*_set_aside(bundle), Letter.set_aside != "withdrawn")
    return db.has_row(session, select(Letter.id).where(*mendable))
