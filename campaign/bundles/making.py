"""Making the papers of a bundle, one after the other, into one folder."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from flask_babel import force_locale
from sqlalchemy import select

from campaign import db
from campaign.bundles import files, papers
from campaign.bundles.frozen import Frozen
from campaign.bundles.loading import number_of
from campaign.bundles.manifest import (
    AsideFacts,
    FileFacts,
    VolumeFacts,
    file_facts,
    write_manifest,
)
from campaign.bundles.models import Bundle, Volume
from campaign.bundles.rows import iter_entries, iter_rows
from campaign.bundles.tables import write_csv, write_xlsx
from campaign.letters import lists
from campaign.letters.layouts import LAYOUTS, label_sheet_for
from campaign.signing.models import Letter


@dataclass(frozen=True, slots=True)
class Counts:
    """How many letters are in the papers, how many are not, and for whom."""

    printed: int
    set_aside: int
    per_target: Mapping[int, int]


def make_papers(
    bundle: Bundle,
    volumes: list[Volume],
    counts: Counts,
    *,
    folder: str,
    out: Path,
) -> None:
    """Write every paper besides the volumes into `out`, the manifest last."""
    frozen = Frozen.from_json(bundle.frozen)
    in_volumes = [_volume_facts(volume) for volume in volumes]
    with force_locale(frozen.locale.replace("-", "_")):
        pages = _make_pdfs(bundle, frozen, counts, in_volumes, out)
        write_csv(iter_rows(bundle.id, frozen), frozen, out / files.SIGNATURES_CSV)
        write_xlsx(
            iter_rows(bundle.id, frozen), frozen, bundle.created_at, out / files.SIGNATURES_XLSX
        )
        made = _facts_of_files(volumes, pages, out)
        readme = papers.readme_context(
            frozen, folder=folder, letters=counts.printed, aside=counts.set_aside, made=made
        )
        (out / files.README).write_text(lists.readme(readme), encoding="utf-8")
    made.insert(0, file_facts(out / files.README, files.README))
    write_manifest(
        out / files.MANIFEST,
        bundle=_bundle_facts(bundle, frozen, folder, counts, len(volumes)),
        files=made,
        volumes=in_volumes,
        letters=iter_entries(bundle.id, frozen),
        set_aside=_iter_aside(bundle.id),
    )


def _make_pdfs(
    bundle: Bundle,
    frozen: Frozen,
    counts: Counts,
    volumes: Iterable[VolumeFacts],
    out: Path,
) -> dict[str, int]:
    """Cover letter, list and labels; the number of pages of each."""
    layout = LAYOUTS[frozen.layout]
    printed = list(volumes)
    lists.cover_letter(papers.cover_context(frozen, counts.per_target), layout, out / files.COVER)
    lists.signature_list(
        papers.list_rows(iter_rows(bundle.id, frozen), frozen),
        counts.printed,
        papers.list_context(frozen, several_targets=len(counts.per_target) > 1),
        layout.paper,
        out / files.SIGNATURES_PDF,
    )
    lists.labels(
        papers.labels_context(frozen, printed, len(printed)),
        label_sheet_for(frozen.mission.host_country),
        out / files.LABELS,
    )
    return {name: _pages(out / name) for name in (files.COVER, files.SIGNATURES_PDF, files.LABELS)}


def _pages(path: Path) -> int:
    with pikepdf.open(path) as pdf:
        return len(pdf.pages)


def _volume_facts(volume: Volume) -> VolumeFacts:
    return VolumeFacts(
        volume=volume.sequence,
        file=files.volume_file(volume.sequence) if volume.sha256 else None,
        letters=volume.printed_letters,
        pages=volume.page_count or 0,
    )


def _facts_of_files(volumes: list[Volume], pages: dict[str, int], out: Path) -> list[FileFacts]:
    """In the order of the ZIP, without README and manifest."""
    facts = [file_facts(out / files.COVER, files.COVER, pages[files.COVER])]
    facts += [
        FileFacts(
            files.volume_file(volume.sequence),
            volume.byte_count or 0,
            volume.sha256,
            volume.page_count,
        )
        for volume in volumes
        if volume.sha256
    ]
    facts += [
        file_facts(out / name, name, pages.get(name))
        for name in (
            files.SIGNATURES_PDF,
            files.SIGNATURES_CSV,
            files.SIGNATURES_XLSX,
            files.LABELS,
        )
    ]
    return facts


def _bundle_facts(
    bundle: Bundle, frozen: Frozen, folder: str, counts: Counts, volumes: int
) -> dict[str, object]:
    return {
        "id": bundle.public_id,
        "folder": folder,
        "campaign": frozen.campaign,
        "reference": frozen.case.reference,
        "mission": frozen.mission.slug,
        "sequence": bundle.sequence,
        "kind": bundle.kind.value,
        "created": bundle.created_at.isoformat(),
        "paper": LAYOUTS[frozen.layout].paper.slug,
        "locale": frozen.locale,
        "frozen": bundle.letter_count,
        "printed": counts.printed,
        "set_aside": counts.set_aside,
        "volumes": volumes,
        "first_number": frozen.first_number,
        "duplex": frozen.duplex,
        "order": frozen.order,
        **({"rehearsal": True} if frozen.rehearsal else {}),
    }


def _iter_aside(bundle_id: int) -> Iterator[AsideFacts]:
    with db.reading() as unit:
        rows = unit.execute(
            select(Letter.sequence, Letter.set_aside)
            .where(Letter.bundle_id == bundle_id, Letter.set_aside.is_not(None))
            .order_by(Letter.sequence)
        ).all()
    for sequence, slug in rows:
        yield AsideFacts(number_of(sequence or 0), slug or "")
