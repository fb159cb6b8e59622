"""Where a bundle's files lie, and what they are called in its ZIP. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar

from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.models.bundle import Bundle, Volume

README = "README.html"
COVER = "cover-letter.pdf"
SIGNATURES_PDF = "signatures.pdf"
SIGNATURES_CSV = "signatures.csv"
SIGNATURES_XLSX = "signatures.xlsx"
LABELS = "labels.pdf"
MANIFEST = "manifest.json"
DELIVERY_SHEET = "delivery-sheet.pdf"
CONTENTS = "contents.pdf"
ENVELOPES = "envelopes.pdf"
CODES = "codes.txt"
_BEFORE = (README, COVER, DELIVERY_SHEET)
"""What lies before the volumes, in the order in which staff need it."""
_AFTER = (
    CONTENTS,
    SIGNATURES_PDF,
    SIGNATURES_CSV,
    SIGNATURES_XLSX,
    LABELS,
    ENVELOPES,
    CODES,
    MANIFEST,
)
PAPERS = (*_BEFORE, *_AFTER)  # what lies in a bundle besides the volumes
ALWAYS = (README, COVER, SIGNATURES_PDF, SIGNATURES_CSV, SIGNATURES_XLSX, LABELS, MANIFEST)
"""What no bundle is without, however old."""
NAME_NOBODY = (README, COVER, DELIVERY_SHEET, CONTENTS, LABELS, ENVELOPES)
"""Papers in which no supporter stands."""
File = TypeVar("File")


def in_order(papers: Mapping[str, File], volumes: Mapping[str, File]) -> Iterator[File]:
    """Yield papers, and volumes between them, in the order of the ZIP."""
    yield from (papers[name] for name in _BEFORE if name in papers)
    yield from volumes.values()
    yield from (papers[name] for name in _AFTER if name in papers)


def folder_name(
    reference: str, campaign: str, mission: str, sequence: int, *, rehearsal: bool = False
) -> str:
    """Name of the ZIP and of the folder in it: `UA-58-20_mexico-ottawa_001`.

    The reference in letters and digits that every file system takes, or the campaign's slug where
    none are left. That of a `rehearsal` begins with that word.
    """
    safe = re.sub(r"[^A-Za-z0-9]+", "-", reference).strip("-") or campaign
    return f"{'REHEARSAL_' if rehearsal else ''}{safe}_{mission}_{sequence:03d}"


def zip_name(bundle: Bundle) -> str:
    """Return the name of the bundle's folder, and of its ZIP without the ending: as frozen."""
    frozen = Frozen.from_json(bundle.frozen)
    case, mission = frozen.case, frozen.mission
    return frozen.folder or folder_name(
        case.reference, frozen.campaign, mission.slug, bundle.sequence, rehearsal=frozen.rehearsal
    )


def volume_file(sequence: int) -> str:
    return f"letters-{sequence:03d}.pdf"


def stored_folder(public_id: str) -> str:
    # A public id may begin with a sign, which names in the storage must not.
    return f"bundles/b-{public_id}"


def stored_volume(public_id: str, sequence: int, attempt: int) -> str:
    """A volume's PDF in the storage; two attempts never write the same file."""
    return f"{stored_folder(public_id)}/letters-{sequence:03d}.{attempt}.pdf"


def attempt_of(stored: str | None) -> int:
    """Return the attempt that wrote a volume's PDF; 0 where there is none."""
    return int(stored.split(".")[-2]) if stored else 0


def stored_volumes(bundle: Bundle) -> dict[str, str]:
    """Where the PDF of each printed volume lies in the storage, by its name in the ZIP."""
    return {
        volume_file(volume.sequence): stored_volume_of(bundle, volume)
        for volume in bundle.volumes
        if volume.sha256
    }


def stored_volume_of(bundle: Bundle, volume: Volume) -> str:
    """The volume's PDF in the storage, as its last attempt wrote it."""
    return stored_volume(bundle.public_id, volume.sequence, volume.attempt)


def stored_envelopes(public_id: str) -> str:
    """What the names of its envelopes' files begin with: `campaign.deliveries` keeps them there."""
    return f"{stored_folder(public_id)}/envelopes-"


def stored_papers(public_id: str, digest: str) -> str:
    """Folder of the other papers, named by the digest of the ZIP that they make."""
    return f"{stored_folder(public_id)}/papers-{digest[:16]}"
