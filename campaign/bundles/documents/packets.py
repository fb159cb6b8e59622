"""What lies in each volume of a bundle: numbers, letters per official, what is missing, sheets."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.volumes.load_letters import number_of
from campaign.models.bundle import Bundle, Volume
from campaign.models.signature import Letter


@dataclass(frozen=True, slots=True)
class Packet:
    """One volume as it lies on the table."""

    volume: int
    file: str
    """Its PDF; empty where each of its letters was set aside."""
    sha256: str
    first: str
    last: str
    """Its first and last number, letters that are missing included."""
    letters: int
    pages: int
    per_target: dict[int, int]
    aside: tuple[str, ...]
    """Numbers that were set aside."""
    taken_out: tuple[dict[str, Any], ...]
    """What was printed once and taken out again; see `Bundle.taken_out`."""


def list_packets(unit: Session, bundle: Bundle, volumes: Sequence[Volume]) -> list[Packet]:
    """Every volume of the bundle, in order."""
    spans = _spans(unit, bundle)
    per_target = _per_target(unit, bundle)
    aside = _aside(unit, bundle)
    return [
        Packet(
            volume=one.sequence,
            file=file_names.volume_file(one.sequence) if one.sha256 else "",
            sha256=one.sha256 or "",
            first=number_of(spans.get(one.id, (0, 0))[0]),
            last=number_of(spans.get(one.id, (0, 0))[1]),
            letters=one.printed_letters,
            pages=one.page_count or 0,
            per_target=per_target[one.id],
            aside=tuple(aside[one.id]),
            taken_out=tuple(out for out in bundle.taken_out if out["volume"] == one.sequence),
        )
        for one in volumes
    ]


def _spans(unit: Session, bundle: Bundle) -> dict[int, tuple[int, int]]:
    """The first and the last number of each volume, by its id."""
    rows = unit.execute(
        select(Letter.volume_id, func.min(Letter.sequence), func.max(Letter.sequence))
        .where(Letter.bundle_id == bundle.id)
        .group_by(Letter.volume_id)
    )
    return {volume_id or 0: (first or 0, last or 0) for volume_id, first, last in rows}


def _per_target(unit: Session, bundle: Bundle) -> defaultdict[int, dict[int, int]]:
    """Printed letters of each volume, by its id, to each target."""
    rows = unit.execute(
        select(Letter.volume_id, Letter.target_id, func.count(Letter.id))
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
        .group_by(Letter.volume_id, Letter.target_id)
    )
    found = defaultdict[int, dict[int, int]](dict)
    for volume_id, target_id, letters in rows:
        found[volume_id or 0][target_id] = letters
    return found


def _aside(unit: Session, bundle: Bundle) -> defaultdict[int, list[str]]:
    """Numbers that were set aside, in order, by the id of their volume."""
    rows = unit.execute(
        select(Letter.volume_id, Letter.sequence)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .order_by(Letter.sequence)
    )
    found = defaultdict[int, list[str]](list)
    for volume_id, sequence in rows:
        found[volume_id or 0].append(number_of(sequence or 0))
    return found


def sheets_for(pages: int, *, duplex: bool) -> int:
    """Sheets of paper for so many pages; in duplex each letter begins on a sheet of its own.

    A volume that is printed on both sides holds the blank pages that this needs.
    """
    return -(-pages // 2) if duplex else pages
