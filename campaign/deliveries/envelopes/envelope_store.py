"""Where the files of a bundle's envelopes lie, and who is given them.

They lie in the bundle's folder, so that they go with it. A file that holds a letter which was
taken back, or whose writer was erased or forgotten, is given to nobody.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Sequence

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session

from campaign.bundles import access, file_approvals, file_names
from campaign.bundles.changes.withdrawals import select_gone
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import audit, db
from campaign.core.db import Json
from campaign.core.db.batches import batched
from campaign.core.errors import NotFound, Refused
from campaign.core.settings import current_settings
from campaign.deliveries.recording_rules import Numbers, join_spans, subtract_spans
from campaign.deliveries.remaining_letters import select_here, select_here_in_envelope
from campaign.models.bundle import Bundle
from campaign.models.delivery import Envelope, EnvelopeRun, LetterMove, RunState
from campaign.models.signature import Letter, Signature
from campaign.screening.flag_check import refuse_unchecked_in
from campaign.storage import storage

LABELS = "labels.pdf"
StoredFile = Json
"""What `EnvelopeRun.files` keeps of a file, as `make_envelopes.make_files` notes it."""


_ANY = ((0, 2**31 - 1),)  # numbers of which each may be in a file: nobody wrote down which are
_ALL = range(2**31)
_AT_ONCE = 200  # spans that one query asks for


def name_stored_file(bundle: str, run: str, attempt: int, name: str) -> str:
    """Return the name of a file in the storage; two attempts never write the same."""
    return f"{file_names.stored_envelopes(bundle)}{run}-{attempt}/{name}"


def refuse_held_back(run: EnvelopeRun) -> None:
    """Raise Refused where nothing of it is given out: as `access.refuse_files`."""
    access.refuse_files(run.bundle)
    if run.state is not RunState.READY:
        raise Refused("not-ready")


def read_file(session: Session, run: EnvelopeRun, name: str, *, actor: str) -> bytes:
    """Return one of a run's files, noted in the audit. Raises NotFound, Refused, NeedsApproval."""
    refuse_held_back(run)
    file_approvals.refuse_unapproved(
        session, actor=actor, campaign=run.bundle.campaign, bundle=run.bundle
    )
    facts = find_file(run, name)
    if facts is None:
        raise NotFound("file")
    if holds_gone(session, run, [facts]):
        raise Refused("taken-back")
    refuse_unchecked_in(session, run.bundle)
    if holds_forgotten(session, run, facts):
        raise Refused("forgotten")
    body = storage().read(_name_of(run, facts))
    audit.record(
        session,
        actor,
        "bundle.envelopes-download",
        f"bundle:{run.bundle_id}",
        file=name,
        bytes=len(body),
    )
    return body


def find_file(run: EnvelopeRun, name: str) -> StoredFile | None:
    return next((file for file in run.files if file["name"] == name), None)


def is_there(run: EnvelopeRun, facts: StoredFile) -> bool:
    return storage().exists(_name_of(run, facts))


def is_outdated(session: Session, run: EnvelopeRun, files: Iterable[StoredFile]) -> bool:
    """Tell whether these files are to be made again, as letters went or came since."""
    files = [*files]
    return (
        holds_gone(session, run, files)
        or _holds_left(session, run, files)
        or _lacks_letters(session, run)
    )


def list_left(session: Session, bundle: Bundle) -> list[int]:
    """List the numbers of letters that left a bundle: they wait, or are in another by now."""
    moved = select(LetterMove.sequence).where(LetterMove.bundle_id == bundle.id)
    return [*session.scalars(moved), *(int(entry.number) for entry in bundle.released)]


def _holds_left(session: Session, run: EnvelopeRun, files: Iterable[StoredFile]) -> bool:
    """Tell whether a file holds letters that left, for envelopes of which some are to be posted."""
    left = list_left(session, run.bundle)
    if not left:
        return False
    held = join_spans(span for facts in files for span in _list_spans(session, run, facts))
    lying = _list_lying(session, run)
    if not any(_holds_any(lying, [number]) for number in left if _holds_any(held, [number])):
        return False
    filled = select(Envelope.id).where(
        Envelope.run_id == run.id,
        Envelope.attempt_id.is_(None),
        select_here_in_envelope(run.bundle).exists(),
    )
    return db.has_row(session, filled)


def _list_lying(session: Session, run: EnvelopeRun) -> list[Numbers]:
    ends = select(Envelope.first_number, Envelope.last_number)
    lying = session.execute(ends.where(Envelope.run_id == run.id, Envelope.attempt_id.is_(None)))
    return join_spans((first, last) for first, last in lying)


def _lacks_letters(session: Session, run: EnvelopeRun) -> bool:
    """Tell whether letters lie in envelopes here that are in no file.

    They were gone or did not count as the files were made.
    """
    prints_letters = run.with_letters and not Frozen.from_json(run.bundle.frozen).cards
    is_written_down = all("letters" in facts for facts in run.files)
    if not is_written_down or (run.letters_each == 1 and not prints_letters):
        return False
    held = join_spans(span for facts in run.files for span in _list_spans(session, run, facts))
    # Computed here: asked of every letter posted, SQLite takes seconds for a large bundle.
    missing = [
        Letter.sequence.between(*span) for span in subtract_spans(_list_lying(session, run), held)
    ]
    return any(
        db.has_row(session, select_printed(run.bundle).where(or_(*some)))
        for some in batched(missing, _AT_ONCE)
    )


def select_printed(bundle: Bundle) -> Select[Letter]:
    """Select letters that are here. Without pages one stands in no file that is kept."""
    return select_here(bundle).where(Letter.pages.is_not(None))


def holds_gone(session: Session, run: EnvelopeRun, files: Iterable[StoredFile]) -> bool:
    """Tell whether one of these files holds a letter that is not to be handed over."""
    held = sorted(span for facts in files for span in _list_spans(session, run, facts))
    if not held:
        return False
    gone = Letter.signature_id.in_(select_gone(run.bundle.campaign_id))
    return _holds_any(held, _list_numbers(session, run.bundle, gone))


def holds_forgotten(session: Session, run: EnvelopeRun, facts: StoredFile) -> bool:
    """Tell whether a file holds a letter of somebody whose details were deleted on schedule.

    Address sheets name nobody. Asked of a file that somebody wants, not of all each minute: it
    reads as many rows as the bundle has letters.
    """
    is_printed = run.with_letters and not Frozen.from_json(run.bundle.frozen).cards
    if not is_printed or current_settings().keep_printed_files:
        return False
    held = sorted(_list_spans(session, run, facts))
    forgotten = Letter.signature_id == Signature.id, Signature.forgotten_at.is_not(None)
    return bool(held) and _holds_any(held, _list_numbers(session, run.bundle, *forgotten))


def _holds_any(held: Sequence[tuple[int, int]], numbers: Iterable[int]) -> bool:
    """Tell whether one of these numbers is in these spans, which are sorted."""
    return any(
        at and number <= held[at - 1][1]
        for number in numbers
        for at in [bisect_right(held, (number, 2**31))]
    )


def _list_spans(session: Session, run: EnvelopeRun, facts: StoredFile) -> Iterable[tuple[int, int]]:
    """List from which to which number letters are in a file, or counted on its address sheets."""
    if facts.get("letters"):
        return ((first, last) for first, last in facts["letters"])
    if "first" in facts:  # address sheets from before their letters were written down
        spans = select(Envelope.first_number, Envelope.last_number).where(
            Envelope.run_id == run.id, Envelope.sequence.between(facts["first"], facts["last"])
        )
        return [(first, last) for first, last in session.execute(spans)]
    if "letters" in facts:
        return ()
    # Made before this was written down.
    holds = facts["name"] != LABELS and run.with_letters
    return _ANY if holds and not Frozen.from_json(run.bundle.frozen).cards else ()


def _list_numbers(session: Session, bundle: Bundle, *conditions: ColumnElement[bool]) -> list[int]:
    """List the numbers here of letters for which the conditions hold, wherever they are now."""
    still = select(Letter.sequence).where(Letter.bundle_id == bundle.id, *conditions)
    moved = select(LetterMove.sequence).join(Letter, Letter.id == LetterMove.letter_id)
    moved = moved.where(LetterMove.bundle_id == bundle.id, *conditions)
    return [*session.scalars(still), *session.scalars(moved)]


def delete_files_after_commit(session: Session, run: EnvelopeRun) -> None:
    bundle, ident = run.bundle.public_id, run.public_id
    db.after_commit(session, lambda: delete_files(bundle, ident))


def delete_files(bundle: str, run: str, attempts: Container[int] = _ALL) -> None:
    """Delete what these attempts at a run have made; without, what any has."""
    store, prefix = storage(), f"{file_names.stored_envelopes(bundle)}{run}-"
    for name in list(store.names(file_names.stored_folder(bundle))):
        if not name.startswith(prefix):
            continue
        if int(name.removeprefix(prefix).partition("/")[0]) in attempts:
            store.delete(name)


def _name_of(run: EnvelopeRun, facts: StoredFile) -> str:
    return name_stored_file(run.bundle.public_id, run.public_id, facts["attempt"], facts["name"])
