"""Making the files of a bundle's envelopes: address sheets, letters, labels.

What address sheets and labels of envelopes say, in the language of the current locale.
"""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from flask_babel import force_locale, ngettext
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import Noun, noun_of_format, subject_of
from campaign.core import db
from campaign.core.i18n import say_number
from campaign.deliveries.envelopes.envelope_store import LABELS, StoredFile, name_stored_file
from campaign.deliveries.remaining_letters import select_here
from campaign.models.bundle import Bundle, Volume
from campaign.models.delivery import Envelope, EnvelopeRun
from campaign.models.signature import Letter
from campaign.printing.engine.join_pdf import PdfFile, Piece, join
from campaign.printing.geometry import LAYOUTS, label_sheet_for
from campaign.printing.printed_content import LabelsContext
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import AddressSheet, write_address_sheets
from campaign.signing.letter.compose import number_of
from campaign.storage import storage

_SHEETS_AT_ONCE = 200
_LETTERS_A_FILE = 500


@dataclass(frozen=True, slots=True)
class _FilledEnvelope:
    """An envelope, the numbers of the letters that are in it, and their pages."""

    number: int
    first: int
    last: int
    numbers: tuple[int, ...]
    letters: tuple[Piece, ...]

    @property
    def count(self) -> int:
        return len(self.letters)


def make_files(run_id: int, attempt: int) -> list[StoredFile]:
    """Make every file of a run, and give what is to be known of each.

    `name`, `pages`, `bytes`, `sha256`, the `attempt` that made it, `letters` whose pages are in it
    (from one number to another), and from the `first` to the `last` of its envelopes.
    """
    files: list[StoredFile] = []
    with ExitStack() as stack:
        folder = stack.enter_context(storage().workshop())
        with db.reading() as session:
            run = session.get_one(EnvelopeRun, run_id)
            bundle = run.bundle
            contents = _list_filled(session, run, bundle, stack)
        frozen = Frozen.from_json(bundle.frozen)
        letters = run.with_letters and not frozen.cards
        keep = partial(_store_file, bundle.public_id, run.public_id, attempt, files)
        stack.enter_context(force_locale(frozen.locale))
        keep(LABELS, _print_labels(frozen, folder), letters=[])
        for number, envelopes in enumerate(_group_by_file(contents), start=1):
            parts = _collect_parts(
                frozen,
                envelopes,
                run.envelope_count,
                folder,
                single=run.letters_each == 1,
                letters=letters,
            )
            if parts:
                title = f"{frozen.case.reference} · {number:03d}"
                out = folder / f"out-{number}.pdf"
                inside = (
                    letter_number for content in envelopes for letter_number in content.numbers
                )
                keep(
                    f"envelopes-{number:03d}.pdf",
                    join(
                        parts, out, title=title, language=frozen.locale, fresh_sheets=frozen.duplex
                    ),
                    letters=group_numbers(inside) if letters else [],
                    first=envelopes[0].number,
                    last=envelopes[-1].number,
                )
    return files


def _collect_parts(
    frozen: Frozen,
    envelopes: Sequence[_FilledEnvelope],
    total: int,
    folder: Path,
    *,
    single: bool,
    letters: bool,
) -> list[Path | Piece]:
    """Of each envelope its address sheet, then its letters; one letter alone has its address.

    Letters printed on both sides come with the blank backs of their last sheets.
    """
    sheets: list[Piece] = []
    if not single:
        for start in range(0, len(envelopes), _SHEETS_AT_ONCE):
            chunk = envelopes[start : start + _SHEETS_AT_ONCE]
            out = folder / f"sheets-{chunk[0].number}.pdf"
            facts = [
                compose_address_sheet(
                    frozen, envelope.number, total, envelope.first, envelope.last, envelope.count
                )
                for envelope in chunk
            ]
            write_address_sheets(
                facts,
                LAYOUTS[frozen.layout],
                out,
                locale=frozen.locale,
                title=frozen.case.reference,
            )
            sheets += [Piece(out, at, 1) for at in range(len(chunk))]
    parts: list[Path | Piece] = []
    for at, envelope in enumerate(envelopes):
        parts += sheets[at : at + 1]
        parts += envelope.letters if letters else ()
    return parts


def _print_labels(frozen: Frozen, folder: Path) -> PdfFile:
    """Print one sheet of the mission's address, to be printed as often as it is needed."""
    sheet = label_sheet_for(LAYOUTS[frozen.layout])
    context = compose_labels(frozen, sheet.per_sheet)
    return bundle_sheets.labels(context, sheet, folder / LABELS)


def _group_by_file(contents: Sequence[_FilledEnvelope]) -> Iterator[list[_FilledEnvelope]]:
    """Group envelopes that share a file: about as many letters as a volume holds."""
    packet: list[_FilledEnvelope] = []
    held = 0
    for content in contents:
        if packet and held + content.count > _LETTERS_A_FILE:
            yield packet
            packet, held = [], 0
        packet.append(content)
        held += content.count
    if packet:
        yield packet


def _list_filled(
    session: Session, run: EnvelopeRun, bundle: Bundle, stack: ExitStack
) -> list[_FilledEnvelope]:
    """List every envelope with its letters; one that was taken back meanwhile is left out."""
    columns = (Letter.sequence, Letter.first_page, Letter.pages, Letter.volume_id)
    rows = session.execute(
        select_here(bundle)
        .with_only_columns(*columns, maintain_column_froms=True)
        .where(Letter.first_page.is_not(None))
        .order_by(Letter.sequence)
    ).all()
    paths = {
        volume.id: copy_volume(bundle, volume, stack) for volume in bundle.volumes if volume.sha256
    }
    pieces = [
        (
            row.sequence or 0,
            Piece(paths[row.volume_id or 0], (row.first_page or 1) - 1, row.pages or 1),
        )
        for row in rows
    ]
    envelopes = session.execute(
        select(Envelope.sequence, Envelope.first_number, Envelope.last_number)
        .where(Envelope.run_id == run.id, Envelope.attempt_id.is_(None))
        .order_by(Envelope.sequence)
    ).all()
    filled, at = [], 0
    for number, first, last in envelopes:
        inside = []
        while at < len(pieces) and pieces[at][0] <= last:
            if pieces[at][0] >= first:
                inside.append(pieces[at])
            at += 1
        if inside:
            numbers, letters = zip(*inside, strict=True)
            filled.append(_FilledEnvelope(number, first, last, numbers, letters))
    return filled


def group_numbers(numbers: Iterable[int]) -> list[list[int]]:
    """Group rising numbers as spans, from one to another. Pure."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return spans


def copy_volume(bundle: Bundle, volume: Volume, stack: ExitStack) -> Path:
    """Return a plain copy of a volume's PDF, which goes when `stack` is left."""
    name = file_names.stored_volume(bundle.public_id, volume.sequence, volume.attempt)
    return stack.enter_context(storage().local(name))


def _store_file(
    bundle: str,
    run: str,
    attempt: int,
    files: list[StoredFile],
    name: str,
    document: PdfFile,
    **holds: object,
) -> None:
    """Store a file and note it, with what it `holds`."""
    with storage().writing(name_stored_file(bundle, run, attempt, name)) as draft:
        shutil.copyfile(document.path, draft)
    files.append(
        {
            "name": name,
            "pages": document.pages,
            "bytes": document.bytes,
            "sha256": document.sha256,
            "attempt": attempt,
            **holds,
        }
    )


def compose_address_sheet(
    frozen: Frozen, number: int, total: int, first: int, last: int, letters: int
) -> AddressSheet:
    """Return the sheet on top of an envelope's letters."""
    organisation, case = frozen.organisation, frozen.case
    count = say_number(letters, frozen.locale)
    noun = noun_of_format(frozen.format)
    facts = {
        "count": count,
        "person": frozen.person_name,
        "first": number_of(first),
        "last": number_of(last),
    }
    if noun is Noun.CARD:
        inside = ngettext(
            "Inside: %(count)s card about the case of %(person)s, no. %(first)s.",
            "Inside: %(count)s cards about the case of %(person)s, no. %(first)s to %(last)s.",
            letters,
            **facts,
        )
    else:
        inside = ngettext(
            "Inside: %(count)s letter about the case of %(person)s, no. %(first)s.",
            "Inside: %(count)s letters about the case of %(person)s, no. %(first)s to %(last)s.",
            letters,
            **facts,
        )
    return AddressSheet(
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        addressee_lines=frozen.mission.lines,
        subject=subject_of(letters, noun, reference=case.reference, person=frozen.person_name),
        paragraphs=(inside,),
        foot=_(
            "%(reference)s · envelope %(number)s of %(total)s",
            reference=case.reference,
            number=say_number(number, frozen.locale),
            total=say_number(total, frozen.locale),
        ),
    )


def compose_labels(frozen: Frozen, count: int) -> LabelsContext:
    """Return a whole sheet of the mission's address."""
    return LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(frozen.mission.lines,) * count,
    )
