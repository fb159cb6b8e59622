"""What lies in each volume of a bundle: numbers, letters per official, what is missing, sheets.

The manifest: what a bundle holds, so that anybody can check it. Pure; names nobody.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.documents.signature_rows import Entry, PaperEntry
from campaign.models.bundle import Bundle, Volume
from campaign.models.signature import Letter
from campaign.signing.letter.compose import number_of


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


def list_packets(session: Session, bundle: Bundle, volumes: Sequence[Volume]) -> list[Packet]:
    """List every volume of the bundle, in order."""
    spans = _spans(session, bundle)
    per_target = _per_target(session, bundle)
    aside = _aside(session, bundle)
    return [
        Packet(
            volume=volume.sequence,
            file=file_names.volume_file(volume.sequence) if volume.sha256 else "",
            sha256=volume.sha256 or "",
            first=number_of(spans.get(volume.id, (0, 0))[0]),
            last=number_of(spans.get(volume.id, (0, 0))[1]),
            letters=volume.printed_letters,
            pages=volume.page_count or 0,
            per_target=per_target[volume.id],
            aside=tuple(aside[volume.id]),
            taken_out=tuple(out for out in bundle.taken_out if out["volume"] == volume.sequence),
        )
        for volume in volumes
    ]


def _spans(session: Session, bundle: Bundle) -> dict[int, tuple[int, int]]:
    """The first and the last number of each volume, by its id."""
    rows = session.execute(
        select(Letter.volume_id, func.min(Letter.sequence), func.max(Letter.sequence))
        .where(Letter.bundle_id == bundle.id)
        .group_by(Letter.volume_id)
    )
    return {volume_id or 0: (first or 0, last or 0) for volume_id, first, last in rows}


def _per_target(session: Session, bundle: Bundle) -> defaultdict[int, dict[int, int]]:
    """Printed letters of each volume, by its id, to each target."""
    rows = session.execute(
        select(Letter.volume_id, Letter.target_id, func.count(Letter.id))
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
        .group_by(Letter.volume_id, Letter.target_id)
    )
    counts = defaultdict[int, dict[int, int]](dict)
    for volume_id, target_id, letters in rows:
        counts[volume_id or 0][target_id] = letters
    return counts


def _aside(session: Session, bundle: Bundle) -> defaultdict[int, list[str]]:
    """Numbers that were set aside, in order, by the id of their volume."""
    rows = session.execute(
        select(Letter.volume_id, Letter.sequence)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .order_by(Letter.sequence)
    )
    numbers = defaultdict[int, list[str]](list)
    for volume_id, sequence in rows:
        numbers[volume_id or 0].append(number_of(sequence or 0))
    return numbers


def sheets_for(pages: int, *, duplex: bool) -> int:
    """Sheets of paper for so many pages; in duplex each letter begins on a sheet of its own.

    A volume that is printed on both sides holds the blank pages that this needs.
    """
    return -(-pages // 2) if duplex else pages


FORMAT = "urgent-action-bundle/1"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of the bundle as it must be found."""

    name: str
    bytes: int
    sha256: str
    pages: int | None = None
    """Of a PDF."""


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """A volume; without a file where each of its letters was set aside."""

    volume: int
    file: str | None
    letters: int
    pages: int


@dataclass(frozen=True, slots=True)
class UnprintedNumber:
    """A letter that is not in the bundle's papers, and the slug of the reason."""

    number: str
    reason: str


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A letter that was printed and taken out again before the bundle was handed over."""

    number: str
    volume: int
    page: int
    """On which it began."""
    reason: str
    """`withdrawn`, `erased` or `invalid`."""
    on: str
    """The day, YYYY-MM-DD."""
    sha256: str
    """Of the volume's PDF that still held it."""


def file_facts(path: Path, name: str, pages: int | None = None) -> FileFacts:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(name, path.stat().st_size, digest, pages)


def write_manifest(
    out: Path,
    *,
    bundle: dict[str, object],
    files: Iterable[FileFacts],
    volumes: Iterable[VolumeFacts],
    letters: Iterable[Entry],
    set_aside: Iterable[UnprintedNumber],
    on_paper: Iterable[PaperEntry] = (),
    taken_out: Iterable[TakenOut] = (),
) -> None:
    """Write `manifest.json`, an entry a line, without holding all letters in memory."""
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"format": {json.dumps(FORMAT)},\n"bundle": {json.dumps(bundle)},\n')
        lists: tuple[tuple[str, Iterable[Any]], ...] = (
            ("files", files),
            ("volumes", volumes),
            ("letters", letters),
            ("set_aside", set_aside),
            ("on_paper", on_paper),
            ("taken_out", taken_out),
        )
        for at, (name, entries) in enumerate(lists):
            file.write(",\n" if at else "")
            file.write(f'"{name}": [')
            file.writelines(_lines(entries))
            file.write("]")
        file.write("}\n")


def _lines(entries: Iterable[Any]) -> Iterator[str]:
    for at, entry in enumerate(entries):
        facts = {name: value for name, value in asdict(entry).items() if value is not None}
        yield (",\n" if at else "\n") + json.dumps(facts)
