"""The files of a bundle's envelopes: address sheets, letters, labels; the jobs that make them."""

import shutil
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names
from campaign.bundles.documents.list_and_labels import label_sheet_of
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.nouns import subject_of
from campaign.bundles.volumes import print_queue
from campaign.core import audit, db, jobs
from campaign.core.db.leases import Lease, LeasedRow
from campaign.core.errors import Refused
from campaign.core.i18n import comma, force_locale, say_number
from campaign.deliveries.envelopes import envelope_store
from campaign.deliveries.envelopes.envelope_store import LABELS, StoredFile, name_stored_file
from campaign.deliveries.recording_rules import Numbers, join_spans, list_inside
from campaign.models.bundle import Bundle, BundleState
from campaign.models.delivery import Envelope, EnvelopeRun, RunState
from campaign.models.signature import Letter
from campaign.printing.engine.join_pdf import PdfFile, Piece, join
from campaign.printing.printed_content import LabelsContext
from campaign.printing.problems import LetterRefused
from campaign.printing.sheets import bundle_sheets
from campaign.printing.sheets.envelopes import AddressSheet, write_address_sheets
from campaign.signing.letter.compose import number_of
from campaign.storage import storage

_SHEETS_AT_ONCE = 200
_LETTERS_A_FILE = 500


@dataclass(frozen=True, slots=True)
class _FilledEnvelope:
    number: int
    numbers: tuple[int, ...]
    letters: tuple[Piece, ...]

    @property
    def count(self) -> int:
        return len(self.letters)


def make_files(run_id: int, attempt: int) -> list[StoredFile]:
    """Make every file of a run, and give what is to be known of each.

    `name`, `pages`, `bytes`, `sha256`, the `attempt` that made it, `letters` whose pages are in it,
    or that its address sheets count (from one number to another), and from the `first` to the
    `last` of its envelopes.
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
            sheets = [] if run.letters_each == 1 else _print_sheets(frozen, run, envelopes, folder)
            parts = _collect_parts(sheets, envelopes, letters=letters)
            if not parts:
                continue
            title, out = f"{frozen.case.reference} · {number:03d}", folder / f"out-{number}.pdf"
            pdf = join(parts, out, title=title, language=frozen.locale, fresh_sheets=frozen.duplex)
            inside = [(ident, ident) for content in envelopes for ident in content.numbers]
            keep(
                f"envelopes-{number:03d}.pdf",
                pdf,
                letters=[list(span) for span in join_spans(inside)],
                first=envelopes[0].number,
                last=envelopes[-1].number,
            )
    return files


def _print_sheets(
    frozen: Frozen, run: EnvelopeRun, envelopes: Sequence[_FilledEnvelope], folder: Path
) -> list[Piece]:
    sheets: list[Piece] = []
    for start in range(0, len(envelopes), _SHEETS_AT_ONCE):
        chunk = envelopes[start : start + _SHEETS_AT_ONCE]
        out = folder / f"sheets-{chunk[0].number}.pdf"
        facts = [_compose_sheet(frozen, envelope, run.envelope_count) for envelope in chunk]
        title = frozen.case.reference
        write_address_sheets(facts, frozen.sheet, out, locale=frozen.locale, title=title)
        sheets += [Piece(out, at, 1) for at in range(len(chunk))]
    return sheets


def _collect_parts(
    sheets: Sequence[Piece], envelopes: Sequence[_FilledEnvelope], *, letters: bool
) -> list[Path | Piece]:
    """Of each envelope its address sheet, then its letters; one letter alone has its address.

    Letters printed on both sides come with the blank backs of their last sheets.
    """
    parts: list[Path | Piece] = []
    for at, envelope in enumerate(envelopes):
        parts += sheets[at : at + 1]
        parts += envelope.letters if letters else ()
    return parts


def _print_labels(frozen: Frozen, folder: Path) -> PdfFile:
    """Print one sheet of the mission's address, to be printed as often as it is needed."""
    sheet = label_sheet_of(frozen)
    context = LabelsContext(
        title=_("Labels for %(reference)s", reference=frozen.case.reference),
        locale=frozen.locale,
        labels=(frozen.mission.lines,) * sheet.per_sheet,
    )
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
    store, columns = storage(), (Letter.sequence, Letter.first_page, Letter.pages, Letter.volume_id)
    rows = session.execute(
        envelope_store.select_printed(bundle)
        .with_only_columns(*columns, maintain_column_froms=True)
        .order_by(Letter.sequence)
    ).all()
    paths = {
        volume.id: stack.enter_context(store.local(file_names.stored_volume_of(bundle, volume)))
        for volume in bundle.volumes
        if volume.sha256
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
        .order_by(Envelope.first_number)
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
            filled.append(_FilledEnvelope(number, numbers, letters))
    # Those that were added later may hold lower numbers.
    return sorted(filled, key=lambda envelope: envelope.number)


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


def _compose_sheet(frozen: Frozen, envelope: _FilledEnvelope, total: int) -> AddressSheet:
    organisation, case, letters = frozen.organisation, frozen.case, envelope.count
    facts = {"count": say_number(letters, frozen.locale), "person": frozen.person_name}
    facts["numbers"] = say_letter_numbers(envelope.numbers, frozen.locale)
    if frozen.cards:
        inside = ngettext(
            "Inside: %(count)s card about the case of %(person)s, no. %(numbers)s.",
            "Inside: %(count)s cards about the case of %(person)s, no. %(numbers)s.",
            letters,
            **facts,
        )
    else:
        inside = ngettext(
            "Inside: %(count)s letter about the case of %(person)s, no. %(numbers)s.",
            "Inside: %(count)s letters about the case of %(person)s, no. %(numbers)s.",
            letters,
            **facts,
        )
    return AddressSheet(
        sender_lines=(organisation.name, *organisation.lines, organisation.email),
        addressee_lines=frozen.mission.lines,
        subject=subject_of(
            letters, frozen.noun, reference=case.reference, person=frozen.person_name
        ),
        paragraphs=(inside,),
        foot=_(
            "%(reference)s · envelope %(number)s of %(total)s",
            reference=case.reference,
            number=say_number(envelope.number, frozen.locale),
            total=say_number(total, frozen.locale),
        ),
    )


def say_letter_numbers(numbers: Iterable[int], locale: str) -> str:
    """Say which letters are inside: of those between them that were taken back, none."""
    return comma(locale).join(
        number_of(first)
        if first == last
        else _("%(first)s to %(last)s", first=number_of(first), last=number_of(last))
        for first, last in join_spans((number, number) for number in numbers)
    )


log = structlog.get_logger()

UNFIT = "address-does-not-fit"
RUNS = Lease(EnvelopeRun, held=RunState.PRINTING, waiting=(RunState.WAITING,))


@jobs.job("deliveries.print-envelopes")
def print_envelopes(run_id: int) -> None:
    with db.transaction() as session:
        hold = RUNS.claim(session, run_id, *_may_print())
    if hold is None:
        return
    with db.reading() as session:
        run = session.get_one(EnvelopeRun, run_id)
        place, left_out = (run.bundle.public_id, run.public_id), run.left_out
    useless: Container[int] = {hold.attempt}
    try:
        with RUNS.keep_alive(hold):
            files = make_files(run_id, hold.attempt)
    except LetterRefused:
        _finish(hold, RunState.FAILED, failure=UNFIT)
    except BaseException as problem:
        _finish(hold, *_decide_state(problem, hold))
        raise
    else:
        still_out = _list_still_out(left_out, files) if left_out is not None else None
        if _finish(hold, RunState.READY, files=files, left_out=still_out):
            # What was made before may hold letters that were taken back.
            useless = range(hold.attempt)
    envelope_store.delete_files(*place, useless)


def _list_still_out(
    left_out: Iterable[tuple[int, int]], files: Iterable[StoredFile]
) -> list[Numbers]:
    """List what no envelope got, without letters that were put back since: these files have them.

    Pure.
    """
    held = {number for facts in files for number in list_inside(facts["letters"])}
    return join_spans((number, number) for number in list_inside(left_out) if number not in held)


@jobs.job("deliveries.bundle-remade")
def bundle_remade(bundle_id: int) -> None:
    """Print a bundle's envelopes anew, once it is printed without letters that were taken back."""
    with db.transaction() as session:
        with_them = select(EnvelopeRun).where(
            EnvelopeRun.bundle_id == bundle_id,
            EnvelopeRun.with_letters,
            EnvelopeRun.state != RunState.FAILED,
        )
        for run in session.scalars(with_them):
            make_again(session, run)


@jobs.job("deliveries.sweep", every_minutes=1)
def sweep() -> None:
    """Send again for runs that were left behind, and those whose files are outdated."""
    with db.transaction() as session:
        offered = select(EnvelopeRun).where(
            EnvelopeRun.state == RunState.READY,
            EnvelopeRun.bundle_id.in_(_select_ready_bundles()),
            bundle_status.bundle_may_go_out(EnvelopeRun.bundle_id),
            EnvelopeRun.envelopes.any(Envelope.attempt_id.is_(None)),
        )
        for run in session.scalars(offered).all():
            if envelope_store.is_outdated(session, run, run.files):
                _set_waiting(session, run)
        due = select(EnvelopeRun.id).where(RUNS.is_due(), *_may_print())
        for run_id in session.scalars(due).all():
            jobs.enqueue(session, "deliveries.print-envelopes", run_id)


def make_again_if_outdated(session: Session, run: EnvelopeRun, name: str, *, actor: str) -> bool:
    """Make a file anew that is lost or outdated, or holds a letter of somebody forgotten.

    Whether so. Raises Refused.
    """
    envelope_store.refuse_held_back(run)
    facts = envelope_store.find_file(run, name)
    if facts is None:
        return False
    right = (
        envelope_store.is_there(run, facts)
        and (name == LABELS or not envelope_store.is_outdated(session, run, [facts]))
        and not envelope_store.holds_forgotten(session, run, facts)
    )
    if not right:
        make_again(session, run)
        _audit_again(session, run, actor)
    return not right


def retry_failed(session: Session, run: EnvelopeRun, *, actor: str) -> None:
    """Have files made that could not be made before. Raises Refused where they did not fail."""
    if run.state is not RunState.FAILED:
        raise Refused("not-failed")
    make_again(session, run)
    _audit_again(session, run, actor)


def _audit_again(session: Session, run: EnvelopeRun, actor: str) -> None:
    audit.record(session, actor, "bundle.envelopes-again", f"bundle:{run.bundle_id}")


def make_again(session: Session, run: EnvelopeRun) -> None:
    """Send a run to be made once more; a worker that is at it just now makes it in vain."""
    _set_waiting(session, run)
    jobs.enqueue(session, "deliveries.print-envelopes", run.id)


def _set_waiting(session: Session, run: EnvelopeRun) -> None:
    waiting = {"state": RunState.WAITING, "lease_until": None, "failure": ""}
    session.execute(update(EnvelopeRun).where(EnvelopeRun.id == run.id).values(**waiting))


def _select_ready_bundles() -> Select[int]:
    """Select bundles whose volumes stay as they are: those being printed have none to take from."""
    return select(Bundle.id).where(Bundle.state == BundleState.READY, Bundle.emptied_at.is_(None))


def _may_print() -> tuple[ColumnElement[bool], ...]:
    return EnvelopeRun.bundle_id.in_(_select_ready_bundles()), bundle_status.bundle_may_go_out(
        EnvelopeRun.bundle_id
    )


def _decide_state(problem: BaseException, hold: LeasedRow) -> tuple[RunState, str]:
    """Return what becomes of a run that could not be made, and why: mostly, another try."""
    fault = print_queue.fault_of(problem)
    if fault in print_queue.PATIENT:
        return RunState.WAITING, fault
    with db.reading() as session:
        files = session.scalar(select(EnvelopeRun.files).where(EnvelopeRun.id == hold.row_id)) or []
    tries = hold.attempt - max((file["attempt"] for file in files), default=0)
    if isinstance(problem, Exception) and tries >= print_queue.MOST_TRIES:
        log.error("envelopes given up", run=hold.row_id, problem=type(problem).__name__)
        return RunState.FAILED, print_queue.FAILED
    return RunState.WAITING, ""


def _finish(hold: LeasedRow, state: RunState, failure: str = "", **values: object) -> bool:
    """Write down how it ended; False where it is somebody else's, or its bundle has no files."""
    has_files = select(Bundle.id).where(
        Bundle.emptied_at.is_(None), Bundle.state != BundleState.CANCELLED
    )
    with db.transaction() as session:
        with_files = EnvelopeRun.bundle_id.in_(has_files)
        ours = RUNS.finish(session, hold, with_files, state=state, failure=failure, **values)
    if ours:
        log.info("envelopes done", run=hold.row_id, state=state.value)
    return ours
