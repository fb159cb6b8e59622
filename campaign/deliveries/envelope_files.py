"""The files of a bundle's envelopes: where they lie, and the job that makes them.

The database is the ledger, as for volumes: a run is claimed by a conditional UPDATE, and what a
worker made counts only while its attempt is the last one.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import structlog
from flask_babel import force_locale
from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.orm import Session

from campaign import audit, db, jobs
from campaign.bundles import files
from campaign.bundles.frozen import Frozen
from campaign.bundles.leases import LEASE, Heartbeat
from campaign.bundles.ledger import unstopped
from campaign.bundles.models import Bundle, Volume
from campaign.campaigns.models import CampaignStatus
from campaign.deliveries import envelope_papers
from campaign.deliveries.covering import here
from campaign.deliveries.models import Envelope, EnvelopeRun, RunState
from campaign.errors import NotFound, Refused
from campaign.letters import lists
from campaign.letters.address_sheets import address_sheets
from campaign.letters.joining import Document, Piece, join
from campaign.letters.layouts import LAYOUTS, label_sheet_for
from campaign.letters.problems import LetterRefused
from campaign.signing.models import Letter
from campaign.storage import storage

log = structlog.get_logger()

_SHEETS_AT_ONCE = 200
_LETTERS_A_FILE = 500
LABELS = "labels.pdf"


@dataclass(frozen=True, slots=True)
class _Content:
    """An envelope and its letters' pages."""

    number: int
    first: int
    last: int
    letters: tuple[Piece, ...]
    count: int


@jobs.job("deliveries.print-envelopes")
def print_envelopes(run_id: int) -> None:
    """Make a run's files, if nobody else does."""
    attempt = _claim(run_id)
    if attempt is None:
        return
    try:
        with Heartbeat(partial(_beat, run_id, attempt)):
            made = _make(run_id, attempt)
        _finish(run_id, attempt, {"state": RunState.READY, "files": made})
    except LetterRefused:
        _finish(run_id, attempt, {"state": RunState.FAILED, "failure": "address-does-not-fit"})
    except BaseException:
        _finish(run_id, attempt, {"state": RunState.WAITING})
        raise


@jobs.job("deliveries.sweep", every_minutes=1)
def sweep() -> None:
    """Send again for runs that a lost message or a dead worker left behind."""
    with db.transaction() as unit:
        for run_id in unit.scalars(select(EnvelopeRun.id).where(*_due())).all():
            jobs.enqueue(unit, "deliveries.print-envelopes", run_id)


def _due() -> tuple[Any, ...]:
    return (
        EnvelopeRun.state.in_([RunState.WAITING, RunState.PRINTING]),
        or_(EnvelopeRun.lease_until.is_(None), EnvelopeRun.lease_until < db.utcnow()),
        unstopped(EnvelopeRun.bundle_id),
    )


def _claim(run_id: int) -> int | None:
    with db.transaction() as unit:
        return unit.scalar(
            update(EnvelopeRun)
            .where(EnvelopeRun.id == run_id, *_due())
            .values(
                state=RunState.PRINTING,
                attempt=EnvelopeRun.attempt + 1,
                lease_until=db.utcnow() + LEASE,
            )
            .returning(EnvelopeRun.attempt)
            .execution_options(synchronize_session=False)
        )


def _beat(run_id: int, attempt: int) -> None:
    with db.transaction() as unit:
        _update_ours(unit, run_id, attempt, {"lease_until": db.utcnow() + LEASE})


def _finish(run_id: int, attempt: int, values: dict[str, Any]) -> None:
    with db.transaction() as unit:
        if _update_ours(unit, run_id, attempt, values | {"lease_until": None}):
            log.info("envelopes done", run=run_id, state=values["state"].value)


def _update_ours(unit: Session, run_id: int, attempt: int, values: dict[str, Any]) -> bool:
    done = unit.execute(
        update(EnvelopeRun)
        .where(
            EnvelopeRun.id == run_id,
            EnvelopeRun.attempt == attempt,
            EnvelopeRun.state == RunState.PRINTING,
        )
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return cast("CursorResult[Any]", done).rowcount == 1


def _make(run_id: int, attempt: int) -> list[dict[str, Any]]:
    """Every file of a run; gives what is to be known of each."""
    made: list[dict[str, Any]] = []
    with ExitStack() as stack:
        folder = stack.enter_context(storage().workshop())
        with db.reading() as unit:
            run = unit.get_one(EnvelopeRun, run_id)
            bundle = run.bundle
            contents = _contents(unit, run, bundle, stack)
        frozen = Frozen.from_json(bundle.frozen)
        letters = run.with_letters and frozen.format != "card"
        keep = partial(_keep, bundle.public_id, run.public_id, attempt, made)
        stack.enter_context(force_locale(frozen.locale))
        keep(LABELS, _labels(frozen, folder))
        for number, some in enumerate(_packets(contents), start=1):
            parts = _parts(
                frozen, some, run.envelope_count, folder,
                single=run.letters_each == 1, letters=letters,
            )  # fmt: skip
            if parts:
                title = f"{frozen.case.reference} · {number:03d}"
                out = folder / f"out-{number}.pdf"
                keep(f"envelopes-{number:03d}.pdf",
                     join(parts, out, title=title, language=frozen.locale),
                     first=some[0].number, last=some[-1].number)  # fmt: skip
    return made


def _parts(
    frozen: Frozen, some: Sequence[_Content], total: int, folder: Path, *, single: bool,
    letters: bool,
) -> list[Path | Piece]:  # fmt: skip
    """Of each envelope its address sheet, then its letters; one letter alone has its address."""
    sheets: list[Piece] = []
    if not single:
        for start in range(0, len(some), _SHEETS_AT_ONCE):
            chunk = some[start : start + _SHEETS_AT_ONCE]
            out = folder / f"sheets-{chunk[0].number}.pdf"
            facts = [
                envelope_papers.sheet(frozen, one.number, total, one.first, one.last, one.count)
                for one in chunk
            ]
            address_sheets(facts, LAYOUTS[frozen.layout], out, locale=frozen.locale,
                           title=frozen.case.reference)  # fmt: skip
            sheets += [Piece(out, at, 1) for at in range(len(chunk))]
    parts: list[Path | Piece] = []
    for at, one in enumerate(some):
        parts += sheets[at : at + 1]
        parts += one.letters if letters else ()
    return parts


def _labels(frozen: Frozen, folder: Path) -> Document:
    """One sheet of the mission's address, to be printed as often as it is needed."""
    sheet = label_sheet_for(frozen.mission.host_country)
    context = envelope_papers.labels(frozen, sheet.per_sheet)
    return lists.labels(context, sheet, folder / LABELS)


def _packets(contents: Sequence[_Content]) -> Iterator[list[_Content]]:
    """Envelopes that share a file: about as many letters as a volume holds."""
    packet: list[_Content] = []
    held = 0
    for one in contents:
        if packet and held + one.count > _LETTERS_A_FILE:
            yield packet
            packet, held = [], 0
        packet.append(one)
        held += one.count
    if packet:
        yield packet


def _contents(unit: Session, run: EnvelopeRun, bundle: Bundle, stack: ExitStack) -> list[_Content]:
    """Every envelope with its letters; one that was taken back meanwhile is left out."""
    columns = (Letter.sequence, Letter.first_page, Letter.pages, Letter.volume_id)
    rows = unit.execute(
        here(bundle)
        .with_only_columns(*columns, maintain_column_froms=True)
        .where(Letter.first_page.is_not(None))
        .order_by(Letter.sequence)
    ).all()
    paths = {one.id: volume_path(bundle, one, stack) for one in bundle.volumes if one.sha256}
    pieces = [
        (row.sequence or 0, Piece(paths[row.volume_id or 0], (row.first_page or 1) - 1,
                                  row.pages or 1))
        for row in rows
    ]  # fmt: skip
    envelopes = unit.execute(
        select(Envelope.sequence, Envelope.first_number, Envelope.last_number)
        .where(Envelope.run_id == run.id, Envelope.attempt_id.is_(None))
        .order_by(Envelope.sequence)
    ).all()
    found, at = [], 0
    for number, first, last in envelopes:
        inside = []
        while at < len(pieces) and pieces[at][0] <= last:
            if pieces[at][0] >= first:
                inside.append(pieces[at][1])
            at += 1
        if inside:
            found.append(_Content(number, first, last, tuple(inside), len(inside)))
    return found


def volume_path(bundle: Bundle, volume: Volume, stack: ExitStack) -> Path:
    """A plain copy of a volume's PDF, which goes when `stack` is left."""
    name = files.stored_volume(bundle.public_id, volume.sequence, volume.attempt)
    return stack.enter_context(storage().local(name))


def _keep(
    bundle: str, run: str, attempt: int, made: list[dict[str, Any]], name: str, document: Document,
    **holds: int,
) -> None:  # fmt: skip
    """Store a file and note it; `first` and `last` envelope that it `holds`."""
    with storage().writing(_stored(bundle, run, attempt, name)) as draft:
        shutil.copyfile(document.path, draft)
    made.append(
        {"name": name, "pages": document.pages, "bytes": document.bytes,
         "sha256": document.sha256, "attempt": attempt, **holds}
    )  # fmt: skip


def _stored(bundle: str, run: str, attempt: int, name: str) -> str:
    return f"{files.stored_folder(bundle)}/envelopes-{run}-{attempt}/{name}"


def hand_out(unit: Session, run: EnvelopeRun, name: str, *, actor: str) -> bytes:
    """One of a run's files; leaves a line in the audit.

    Raises NotFound, and Refused (`stopped`): letters of a stopped campaign do harm.
    """
    if run.bundle.campaign.status is CampaignStatus.STOPPED:
        raise Refused("stopped")
    facts = next((one for one in run.files if one["name"] == name), None)
    if facts is None:
        raise NotFound("file")
    stored = _stored(run.bundle.public_id, run.public_id, facts["attempt"], name)
    with storage().open(stored) as file:
        body = file.read()
    audit.record(
        unit, actor=actor, action="bundle.envelopes-download", subject=f"bundle:{run.bundle_id}",
        file=name, bytes=len(body),
    )  # fmt: skip
    return body


def forget_files(unit: Session, run: EnvelopeRun) -> None:
    """Delete the files of a run once the session's work is committed."""
    names = [
        _stored(run.bundle.public_id, run.public_id, one["attempt"], one["name"])
        for one in run.files
    ]
    keep_in = storage()

    def delete() -> None:
        for name in names:
            keep_in.delete(name)

    db.after_commit(unit, delete)
