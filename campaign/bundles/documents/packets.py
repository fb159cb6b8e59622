"""What lies in each volume of a bundle: numbers, letters per official, what is missing, sheets.

And the manifest: what a bundle holds, so that anybody can check it. It names nobody.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pikepdf
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.models.bundle import Bundle
from campaign.models.signature import Letter
from campaign.models.taken_out import LetterOut
from campaign.signing.letter.compose import number_of

FORMAT = "urgent-action-bundle/1"


@dataclass(frozen=True, slots=True)
class Packet:
    """One volume as it lies on the table."""

    volume: int
    file: str  # its PDF; empty where each of its letters was set aside
    sha256: str
    first: str
    last: str  # its first and last number, letters that are missing included
    letters: int
    pages: int
    per_target: dict[int, int]
    aside: tuple[str, ...]
    taken_out: tuple[LetterOut, ...]  # what was printed once and taken out again


def list_packets(session: Session, bundle: Bundle) -> list[Packet]:
    rows = session.execute(
        select(Letter.volume_id, func.min(Letter.sequence), func.max(Letter.sequence))
        .where(Letter.bundle_id == bundle.id)
        .group_by(Letter.volume_id)
    )
    spans = {volume_id or 0: (first or 0, last or 0) for volume_id, first, last in rows}
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
            taken_out=tuple(
                letter for letter in bundle.taken_out.letters if letter.volume == volume.sequence
            ),
        )
        for volume in bundle.volumes
    ]


def _per_target(session: Session, bundle: Bundle) -> defaultdict[int, dict[int, int]]:
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
    rows = session.execute(
        select(Letter.volume_id, Letter.sequence)
        .where(Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None))
        .order_by(Letter.sequence)
    )
    numbers = defaultdict[int, list[str]](list)
    for volume_id, sequence in rows:
        numbers[volume_id or 0].append(number_of(sequence or 0))
    return numbers


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of the bundle as it must be found."""

    name: str
    bytes: int
    sha256: str
    pages: int | None = None

    def entry(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def file_facts(path: Path) -> FileFacts:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(path.name, path.stat().st_size, digest, _count_pages(path))


def _count_pages(path: Path) -> int | None:
    if path.suffix != ".pdf":
        return None
    with pikepdf.open(path) as pdf:
        return len(pdf.pages)


def write_manifest(
    out: Path, bundle: Mapping[str, object], lists: Mapping[str, Iterable[Mapping[str, object]]]
) -> None:
    """Write `manifest.json`, an entry a line, without holding all letters in memory."""
    with out.open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"format": {json.dumps(FORMAT)},\n"bundle": {json.dumps(bundle)},\n')
        for at, (name, entries) in enumerate(lists.items()):
            file.write(",\n" if at else "")
            file.write(f'"{name}": [')
            for number, entry in enumerate(entries):
                file.write((",\n" if number else "\n") + json.dumps(entry))
            file.write("]")
        file.write("}\n")
