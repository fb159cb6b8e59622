"""Making the papers of a bundle, one after the other, into one folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from flask_babel import force_locale
from sqlalchemy import select

from campaign.bundles import file_names
from campaign.bundles.documents import (
    contents_and_delivery_sheet,
    cover_letter,
    cover_texts,
    list_and_labels,
    readme_text,
)
from campaign.bundles.documents.cover_letter import Covered
from campaign.bundles.documents.cover_texts import CoverWords
from campaign.bundles.documents.packets import (
    FileFacts,
    Packet,
    TakenOut,
    UnprintedNumber,
    VolumeFacts,
    file_facts,
    list_packets,
    write_manifest,
)
from campaign.bundles.documents.signature_rows import (
    Row,
    iter_carried,
    iter_entries,
    iter_paper_entries,
    iter_rows,
)
from campaign.bundles.documents.signatures_csv import write_csv, write_xlsx
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from campaign.core import db
from campaign.core.settings import Settings, current_settings
from campaign.models.bundle import Bundle, Volume
from campaign.models.signature import Letter
from campaign.printing.geometry import LAYOUTS, envelopes_for, label_sheet_for
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import write_envelopes
from campaign.signing.letter.compose import number_of

_PDFS = (
    file_names.COVER,
    file_names.DELIVERY_SHEET,
    file_names.CONTENTS,
    file_names.SIGNATURES_PDF,
    file_names.LABELS,
    file_names.ENVELOPES,
)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many letters are in the papers, how many are not, and for whom."""

    printed: int
    set_aside: int
    per_target: Mapping[int, int]
    on_paper: int
    """People on the signed sheets that travel along."""


@dataclass(frozen=True, slots=True)
class _Job:
    """What every paper is made from."""

    bundle: Bundle
    frozen: Frozen
    volumes: list[Volume]
    packets: list[Packet]
    counts: Counts
    words: CoverWords | None
    """The mission's own cover letter, where staff wrote one."""
    folder: str
    out: Path
    ours: str
    """Language of the staff who print."""
    covered: Covered
    sheets: list[TravellingSheet]


def make_papers(
    bundle: Bundle, volumes: list[Volume], counts: Counts, *, folder: str, out: Path
) -> list[FileFacts]:
    """Write every paper besides the volumes into `out`, the manifest last.

    Gives the facts of every file of the ZIP, in its order.
    """
    job = _job(bundle, volumes, counts, folder, out)
    frozen = job.frozen
    with force_locale(frozen.locale.replace("-", "_")):
        _make_pdfs(job)
        _make_tables(job)
    files = _facts_of_files(volumes, out)
    with force_locale(job.ours.replace("-", "_")):
        facts = readme_text.ReadmeFacts(
            folder,
            counts.printed,
            counts.set_aside - _count_aside_and_out(job.packets),
            len(bundle.taken_out),
            counts.on_paper,
            job.packets,
            job.ours,
            job.sheets,
        )
        readme = readme_text.readme_context(frozen, facts, files)
        (out / file_names.README).write_text(bundle_sheets.readme(readme), encoding="utf-8")
    files.insert(0, file_facts(out / file_names.README, file_names.README))
    write_manifest(
        out / file_names.MANIFEST,
        bundle=_bundle_facts(bundle, frozen, folder, counts, len(volumes)),
        files=files,
        volumes=[_volume_facts(volume) for volume in volumes],
        letters=iter_entries(bundle.id, frozen),
        set_aside=_iter_aside(bundle),
        on_paper=iter_paper_entries(bundle.id),
        taken_out=[TakenOut(**letter) for letter in bundle.taken_out],
    )
    return [*files, file_facts(out / file_names.MANIFEST, file_names.MANIFEST)]


def _count_aside_and_out(packets: list[Packet]) -> int:
    """Count the letters that are set aside because they were taken out."""
    return sum(
        len({letter["number"] for letter in packet.taken_out} & set(packet.aside))
        for packet in packets
    )


def _job(bundle: Bundle, volumes: list[Volume], counts: Counts, folder: str, out: Path) -> _Job:
    settings = current_settings()
    frozen = Frozen.from_json(bundle.frozen)
    with db.reading() as session:
        packets = list_packets(session, bundle, volumes)
        words = cover_texts.find_words(
            session, mission_id=bundle.mission_id, locale=frozen.locale, at=bundle.created_at
        )
        travelling = signed_sheets.list_travelling_sheets(session, bundle.id)
    # Nobody goes to a gate with a rehearsal.
    code = "" if frozen.rehearsal else delivery_url(settings, bundle.public_id)
    covered = Covered(counts.per_target, counts.on_paper, code)
    return _Job(
        bundle,
        frozen,
        volumes,
        packets,
        counts,
        words,
        folder,
        out,
        settings.locales[0],
        covered,
        travelling,
    )


def delivery_url(settings: Settings, public_id: str) -> str:
    """Return the address of the page on which delegates record a delivery."""
    return f"{settings.base_url.rstrip('/')}/desk/bundles/{public_id}/deliver"


def _make_tables(job: _Job) -> None:
    bundle, frozen, out = job.bundle, job.frozen, job.out
    write_csv(_lines(job), frozen, out / file_names.SIGNATURES_CSV)
    write_xlsx(_lines(job), frozen, bundle.created_at, out / file_names.SIGNATURES_XLSX)


def _lines(job: _Job) -> Iterator[Row]:
    yield from iter_rows(job.bundle.id, job.frozen)
    yield from iter_carried(job.bundle.id, job.frozen)


def _make_pdfs(job: _Job) -> None:
    """The cover letter and all that goes with the letters on paper."""
    frozen, out, counts = job.frozen, job.out, job.counts
    layout = LAYOUTS[frozen.layout]
    cover = cover_letter.cover_context(frozen, job.words, job.covered)
    bundle_sheets.cover_letter(cover, layout, out / file_names.COVER)
    if not frozen.by_post:
        gate = contents_and_delivery_sheet.delivery_context(
            frozen, job.packets, job.covered, folder=job.folder, ours=job.ours
        )
        bundle_sheets.delivery_sheet(gate, layout.paper, out / file_names.DELIVERY_SHEET)
    bundle_id, on_paper = job.bundle.id, counts.on_paper
    bundle_sheets.signature_list(
        list_and_labels.list_rows(
            iter_rows(bundle_id, frozen),
            iter_carried(bundle_id, frozen),
            frozen,
            letters=counts.printed,
            on_paper=on_paper,
        ),
        counts.printed + (on_paper + 1 if on_paper else 0),
        list_and_labels.list_context(
            frozen,
            letters=counts.printed,
            on_paper=on_paper,
            several_targets=len(counts.per_target) > 1,
        ),
        layout.paper,
        out / file_names.SIGNATURES_PDF,
    )
    printed = [_volume_facts(volume) for volume in job.volumes]
    bundle_sheets.labels(
        list_and_labels.labels_context(frozen, printed, len(printed)),
        label_sheet_for(LAYOUTS[frozen.layout]),
        out / file_names.LABELS,
    )
    title = f"{frozen.case.reference} · {frozen.mission.name}"
    address = contents_and_delivery_sheet.envelope_context(frozen)
    sizes = envelopes_for(layout.paper)
    write_envelopes(address, sizes, out / file_names.ENVELOPES, title=title)
    if not job.packets:
        return
    with force_locale(job.ours.replace("-", "_")):
        contents = contents_and_delivery_sheet.contents_context(
            frozen, job.packets, job.folder, job.ours
        )
        bundle_sheets.contents(contents, layout.paper, out / file_names.CONTENTS)


def _pages(path: Path) -> int:
    with pikepdf.open(path) as pdf:
        return len(pdf.pages)


def _volume_facts(volume: Volume) -> VolumeFacts:
    return VolumeFacts(
        volume=volume.sequence,
        file=file_names.volume_file(volume.sequence) if volume.sha256 else None,
        letters=volume.printed_letters,
        pages=volume.page_count or 0,
    )


def _facts_of_files(volumes: list[Volume], out: Path) -> list[FileFacts]:
    """In the order of the ZIP, without README and manifest."""
    papers = {
        name: file_facts(out / name, name, _pages(out / name) if name in _PDFS else None)
        for name in file_names.PAPERS
        if name not in {file_names.README, file_names.MANIFEST} and (out / name).exists()
    }
    printed = [
        FileFacts(
            file_names.volume_file(volume.sequence),
            volume.byte_count or 0,
            volume.sha256,
            volume.page_count,
        )
        for volume in volumes
        if volume.sha256
    ]
    return [
        *(papers[name] for name in file_names.BEFORE if name in papers),
        *printed,
        *(papers[name] for name in file_names.AFTER if name in papers),
    ]


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
        "on_paper": counts.on_paper,
        "first_number": frozen.first_number,
        "duplex": frozen.duplex,
        "order": frozen.order,
        **({"rehearsal": True} if frozen.rehearsal else {}),
    }


def _iter_aside(bundle: Bundle) -> Iterator[UnprintedNumber]:
    """The letters that are not in the papers, also those that wait again by now; in order."""
    with db.reading() as session:
        rows = session.execute(
            select(Letter.sequence, Letter.set_aside).where(
                Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None)
            )
        ).all()
    letters = [UnprintedNumber(number_of(sequence or 0), slug or "") for sequence, slug in rows]
    letters += [UnprintedNumber(letter["number"], letter["reason"]) for letter in bundle.released]
    yield from sorted(letters, key=lambda letter: letter.number)
