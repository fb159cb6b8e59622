"""Making the papers of a bundle, one after the other, into one folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import select

from campaign.bundles import file_names
from campaign.bundles.changes.withdrawals import REVIEWED, find_correction, papers_differ
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
    file_facts,
    list_packets,
    write_manifest,
)
from campaign.bundles.documents.signatures_csv import (
    Row,
    iter_carried,
    iter_entries,
    iter_paper_entries,
    iter_rows,
    write_csv,
    write_xlsx,
)
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import TravellingSheet, list_travelling_sheets
from campaign.bundles.letter_codes.code_list import write_codes
from campaign.bundles.letter_codes.stored_codes import LetterTree, iter_codes
from campaign.bundles.nouns import Noun
from campaign.core import clock, db
from campaign.core.db import Json
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle
from campaign.models.signature import WITHDRAWN, Letter
from campaign.models.taken_out import LetterOut
from campaign.printing.geometry import envelopes_for
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import write_envelopes
from campaign.signing.letter.compose import number_of

NOTHING_PRINTED = "nothing-printed"
TOTALS_DIFFER = "totals-differ"
_TAKEN_OUT = ("number", "volume", "page", "reason", "on", "sha256")


@dataclass(frozen=True, slots=True)
class Counts:
    """Letters of a bundle once its volumes are printed."""

    printed: int
    set_aside: int  # those that wait again by now included
    neither: int  # neither, or both
    frozen: int
    on_paper: int  # people on the signed sheets that travel with it; they may travel alone
    per_target: Mapping[int, int]  # printed, by the id of the target
    lists: str = ""  # the digest of what the papers say of signed sheets
    names: str = ""  # the digest of when each name in the lists was keyed in

    @property
    def problem(self) -> str:
        """Why the bundle cannot be made, as a slug; empty where nothing speaks against it."""
        if self.neither or self.printed + self.set_aside != self.frozen:
            return TOTALS_DIFFER
        sheets_alone = self.on_paper and not self.frozen
        return "" if self.printed or sheets_alone else NOTHING_PRINTED


@dataclass(frozen=True, slots=True)
class _Job:
    bundle: Bundle
    frozen: Frozen
    packets: list[Packet]
    counts: Counts
    words: CoverWords | None  # the mission's own cover letter, where staff wrote one
    sheets: list[TravellingSheet]
    folder: str
    out: Path
    ours: str  # language of the staff who print
    remade: bool  # whether papers that were printed before say something else
    corrected_on: date | None  # when names in lists that were printed were last corrected
    tree: LetterTree | None

    @property
    def check_code(self) -> str:
        return self.tree.check_code if self.tree else ""

    def iter_lines(self) -> Iterator[Row]:
        yield from iter_rows(self.bundle.id, self.frozen)
        yield from iter_carried(self.bundle.id, self.frozen)


def make_papers(
    bundle: Bundle, counts: Counts, out: Path, tree: LetterTree | None
) -> list[FileFacts]:
    """Write every paper besides the volumes into `out`; the facts of all files, in their order."""
    job = _start_job(bundle, counts, out, tree)
    with force_locale(job.frozen.locale):
        _make_pdfs(job)
        write_csv(job.iter_lines(), job.frozen, out / file_names.SIGNATURES_CSV)
        workbook = out / file_names.SIGNATURES_XLSX
        write_xlsx(job.iter_lines(), job.frozen, bundle.created_at, workbook)
    if tree is not None:
        with db.reading() as session:
            write_codes(iter_codes(session, bundle.id), out / file_names.CODES)
    files = _facts_of_files(bundle, out)
    with force_locale(job.ours):
        _make_readme(job, files)
    files.insert(0, file_facts(out / file_names.README))
    lists_of_manifest: dict[str, Iterator[Mapping[str, object]]] = {
        "files": (file.entry() for file in files),
        "volumes": map(_volume_entry, job.packets),
        "letters": iter_entries(bundle.id, job.frozen),
        "set_aside": _iter_aside(bundle),
        "on_paper": iter_paper_entries(bundle.id),
        "taken_out": map(_taken_out_entry, bundle.taken_out.letters),
    }
    write_manifest(out / file_names.MANIFEST, _bundle_facts(job), lists_of_manifest)
    return [*files, file_facts(out / file_names.MANIFEST)]


def _taken_out_entry(letter: LetterOut) -> Json:
    """Make an entry from which nobody reads that review held a letter back."""
    entry: Json = {name: getattr(letter, name) for name in _TAKEN_OUT}
    return {**entry, "reason": WITHDRAWN} if letter.reason in REVIEWED else entry


def _start_job(bundle: Bundle, counts: Counts, out: Path, tree: LetterTree | None) -> _Job:
    frozen = Frozen.from_json(bundle.frozen)
    with db.reading() as session:
        words = cover_texts.find_words(
            session, mission_id=bundle.mission_id, locale=frozen.locale, at=bundle.created_at
        )
        corrected_at = find_correction(session, bundle)
        zone = session.get_one(Bundle, bundle.id).zone
        return _Job(
            bundle=bundle,
            frozen=frozen,
            packets=list_packets(session, bundle),
            counts=counts,
            words=words,
            sheets=list_travelling_sheets(session, bundle.id),
            folder=file_names.zip_name(bundle),
            out=out,
            ours=current_settings().locales[0],
            remade=papers_differ(session, bundle, counts.on_paper),
            corrected_on=corrected_at and clock.day_of(corrected_at, zone),
            tree=tree,
        )


def _make_pdfs(job: _Job) -> None:
    frozen, out, counts, packets = job.frozen, job.out, job.counts, job.packets
    layout, on_paper = frozen.sheet, counts.on_paper
    # Nobody goes to a gate with a rehearsal.
    settings, bundle_id = current_settings(), job.bundle.public_id
    url = contents_and_delivery_sheet.delivery_url(settings, bundle_id)
    code = "" if frozen.rehearsal else url
    covered = Covered(counts.per_target, on_paper, code, job.check_code)
    cover = cover_letter.cover_context(frozen, job.words, covered)
    bundle_sheets.cover_letter(cover, layout, out / file_names.COVER)
    if not frozen.by_post:
        gate = contents_and_delivery_sheet.delivery_context(
            frozen,
            packets,
            covered,
            folder=job.folder,
            ours=job.ours,
            noun=frozen.noun if packets else Noun.PERSON,
        )
        bundle_sheets.delivery_sheet(gate, layout.paper, out / file_names.DELIVERY_SHEET)
    _make_list(job)
    labels = list_and_labels.labels_context(frozen, packets)
    bundle_sheets.labels(labels, list_and_labels.label_sheet_of(frozen), out / file_names.LABELS)
    title = f"{frozen.case.reference} · {frozen.mission.name}"
    address = contents_and_delivery_sheet.envelope_context(frozen)
    sizes = envelopes_for(layout.paper)
    write_envelopes(address, sizes, out / file_names.ENVELOPES, title=title)
    if packets:
        with force_locale(job.ours):
            contents = contents_and_delivery_sheet.contents_context(
                frozen, packets, job.folder, job.ours, remade=job.remade
            )
            bundle_sheets.contents(contents, layout.paper, out / file_names.CONTENTS)


def _make_list(job: _Job) -> None:
    frozen, counts, bundle_id = job.frozen, job.counts, job.bundle.id
    counted = {"letters": counts.printed, "on_paper": counts.on_paper}
    bundle_sheets.signature_list(
        list_and_labels.list_rows(
            iter_rows(bundle_id, frozen), iter_carried(bundle_id, frozen), frozen, **counted
        ),
        counts.printed + (counts.on_paper + 1 if counts.on_paper else 0),
        list_and_labels.list_context(frozen, several_targets=len(counts.per_target) > 1, **counted),
        frozen.sheet.paper,
        job.out / file_names.SIGNATURES_PDF,
    )


def _make_readme(job: _Job, files: list[FileFacts]) -> None:
    aside_and_out = sum(
        len({letter.number for letter in packet.taken_out} & set(packet.aside))
        for packet in job.packets
    )
    facts = readme_text.ReadmeFacts(
        folder=job.folder,
        letters=job.counts.printed,
        aside=job.counts.set_aside - aside_and_out,
        taken_out=len(job.bundle.taken_out.letters),
        on_paper=job.counts.on_paper,
        packets=job.packets,
        locale=job.ours,
        sheets=job.sheets,
        people_off=job.bundle.taken_out.people,
        remade=job.remade,
        corrected_on=job.corrected_on,
    )
    readme = bundle_sheets.readme(readme_text.readme_context(job.frozen, facts, files))
    (job.out / file_names.README).write_text(readme, encoding="utf-8")


def _facts_of_files(bundle: Bundle, out: Path) -> list[FileFacts]:
    """In the order of the ZIP, without README and manifest."""
    names = [name for name in file_names.PAPERS if (out / name).exists()]
    papers = {name: file_facts(out / name) for name in names}
    volumes = {
        file_names.volume_file(volume.sequence): FileFacts(
            file_names.volume_file(volume.sequence),
            volume.byte_count or 0,
            volume.sha256,
            volume.page_count,
        )
        for volume in bundle.volumes
        if volume.sha256
    }
    return list(file_names.in_order(papers, volumes))


def _volume_entry(packet: Packet) -> dict[str, object]:
    """A volume in the manifest; without a file where each of its letters was set aside."""
    file = {"file": packet.file} if packet.file else {}
    counts = {"letters": packet.letters, "pages": packet.pages}
    return {"volume": packet.volume, **file, **counts}


def _bundle_facts(job: _Job) -> dict[str, object]:
    bundle, frozen, counts = job.bundle, job.frozen, job.counts
    return {
        "id": bundle.public_id,
        "folder": job.folder,
        "campaign": frozen.campaign,
        "reference": frozen.case.reference,
        "mission": frozen.mission.slug,
        "sequence": bundle.sequence,
        "kind": bundle.kind.value,
        "created": bundle.created_at.isoformat(),
        "paper": frozen.sheet.paper.slug,
        "locale": frozen.locale,
        "frozen": bundle.letter_count,
        "printed": counts.printed,
        "set_aside": counts.set_aside,
        "volumes": len(bundle.volumes),
        "on_paper": counts.on_paper,
        "first_number": frozen.first_number,
        "duplex": frozen.duplex,
        "order": frozen.order,
        **({"rehearsal": True} if frozen.rehearsal else {}),
        **({"tree_head": job.tree.head.hex(), "check_code": job.check_code} if job.tree else {}),
    }


def _iter_aside(bundle: Bundle) -> Iterator[Json]:
    """The letters that are not in the papers, also those that wait again by now; in order."""
    with db.reading() as session:
        rows = session.execute(
            select(Letter.sequence, Letter.set_aside).where(
                Letter.bundle_id == bundle.id, Letter.set_aside.is_not(None)
            )
        ).all()
    letters: list[Json] = [
        {"number": number_of(number or 0), "reason": slug or ""} for number, slug in rows
    ]
    letters += [{"number": letter.number, "reason": letter.reason} for letter in bundle.released]
    yield from sorted(letters, key=lambda letter: letter["number"])
