"""The manifest: what a bundle holds, so that anybody can check it. Pure; names nobody."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from campaign.bundles.documents.signature_rows import Entry, PaperEntry

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
class AsideFacts:
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
    """The facts of a file on disk."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileFacts(name, path.stat().st_size, digest, pages)


def write_manifest(
    out: Path,
    *,
    bundle: dict[str, Any],
    files: Iterable[FileFacts],
    volumes: Iterable[VolumeFacts],
    letters: Iterable[Entry],
    set_aside: Iterable[AsideFacts],
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
