"""Letters and signatures on sheets that were taken back, or erased, after their bundle was frozen.

So are letters that a later risk flag sent to review, and those that review then rejected.

Until the bundle is handed over, its volumes are made again without them (`remake_bundle`); until
that is done, and for good afterwards, no file that still holds them is given out. Their numbers
stay. A letter that went on through another mission, and was taken back there, still stands in the
files of the bundle that it left. Who stands on a signed sheet stands in the lists alone.

Nor is a file given out that still holds or names somebody whose details were deleted on schedule
(`privacy.retention`): it lies on as long as letters beside theirs are here, or known.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select, true
from sqlalchemy.orm import Session, aliased

from campaign.bundles import bundle_status
from campaign.bundles.changes import prints
from campaign.bundles.freeze import signed_sheets
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import GONE, TWIN_GONE
from campaign.bundles.letter_codes.stored_codes import unpack_codes
from campaign.core import clock, db
from campaign.core.errors import Refused
from campaign.core.settings import current_settings
from campaign.models.bundle import Bundle, BundlePrint, BundleState, CarriedSignature, Volume
from campaign.models.delivery import LetterMove
from campaign.models.paper_signature import PaperRow, RowVerdict
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.models.taken_out import LetterOut, PersonOff
from campaign.signing.letter.compose import number_of

_TWIN = aliased(Signature)
REVIEWED = (SignatureState.HELD, SignatureState.REJECTED)
"""Of a letter in a bundle: a risk flag that was set later sent it to review."""
_LETTER_GONE = (*GONE, *REVIEWED)


@dataclass(frozen=True, slots=True)
class TakenBack:
    number: str  # of a letter, or of a person in the lists: `P00012`
    state: str
    """As of `SignatureState`; of a row on paper also `removed`, or `also_` and where else."""
    volume: int  # 0 of a person on a signed sheet
    page: int  # on which it begins, in the volume's PDF; 0: nobody knows any more
    moved: bool = False  # whether it is in another bundle by now


def note_lists(session: Session, bundle: Bundle) -> None:
    """Write down who is off the lists that are about to be made; who was put back is not."""
    note_put_back(bundle, list_put_back(session, bundle))
    note_taken_out(bundle, list_in_lists(session, bundle))


def note_put_back(bundle: Bundle, numbers: Collection[str]) -> None:
    if numbers:
        bundle.taken_out = bundle.taken_out.minus(numbers)


def note_taken_out(bundle: Bundle, gone: Sequence[TakenBack]) -> None:
    """Write down what leaves the bundle's files and lists, with the file that still held each."""
    bundle.taken_out = bundle.taken_out.plus(*_make_entries(bundle, gone))


def list_withdrawn_since(
    session: Session, bundle: Bundle, letter_ids: Iterable[int]
) -> list[LetterOut | PersonOff]:
    """List which of these letters, set aside as a volume is made again, are not written down yet.

    They were withdrawn after it was sent to be printed. Asked while the volume is as it was.
    """
    written = {letter.number for letter in bundle.taken_out.letters}
    is_gone = (Letter.id.in_(letter_ids), Signature.state != SignatureState.CONFIRMED)
    withdrawn = _list_printed(session, bundle, *is_gone)
    return _make_entries(bundle, [letter for letter in withdrawn if letter.number not in written])


def _make_entries(bundle: Bundle, gone: Sequence[TakenBack]) -> list[LetterOut | PersonOff]:
    """Make what is written down of them.

    A letter's code, which tells nobody whose it is, stays: who has the sheets can still prove the
    others.
    """
    day = clock.today(bundle.campaign.timezone).isoformat()
    digests = {volume.sequence: volume.sha256 or "" for volume in bundle.volumes}
    without = {each.volume for each in gone}
    codes = {
        number: code.hex()
        for volume in bundle.volumes
        if volume.sequence in without
        for number, code in unpack_codes(volume.letter_codes)
    }
    people = [
        PersonOff(number=each.number, reason=each.state, on=day, sha256=bundle.zip_sha256 or "")
        for each in gone
        if not each.volume
    ]
    letters = [
        LetterOut(
            number=each.number,
            volume=each.volume,
            page=each.page,
            reason=each.state,
            on=day,
            sha256=digests[each.volume],
            code=codes.get(each.number, ""),
        )
        for each in gone
        if each.volume
    ]
    return [*people, *letters]


def refuse_taken_back(session: Session, bundle: Bundle) -> None:
    if list_taken_back(session, bundle, limit=1):
        raise Refused("taken-back")
    if awaits_remake(session, bundle):
        raise Refused("lists-changed")


def refuse_forgotten(session: Session, bundle: Bundle) -> None:
    """Refuse files that name people of whom nobody can tell any more whether they are gone."""
    if names_others(session, bundle):
        raise Refused("names-others")
    if holds_forgotten(session, bundle):
        raise Refused("forgotten")


def holds_forgotten(session: Session, bundle: Bundle) -> bool:
    """Whether a file holds or names somebody forgotten, and is not kept for its names' sake."""
    if current_settings().keep_printed_files:
        return False
    letters = _select_forgotten(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None))
    moved = _select_forgotten(LetterMove.letter_id == Letter.id, LetterMove.bundle_id == bundle.id)
    if db.has_row(session, letters) or db.has_row(session, moved):
        return True
    people = _list_on_sheets(session, bundle, Signature.forgotten_at.is_not(None))
    off = _list_off(bundle)
    return any(number not in off for number, _state in people)


def names_others(session: Session, bundle: Bundle) -> bool:
    """Whether its lists name people who are no longer on its sheets, but on those of another."""
    recorded = prints.find_print(session, bundle)
    if recorded is None or not recorded.on_paper:
        return False
    off = _list_off(bundle)
    people = [number for number, _state in _list_on_sheets(session, bundle, true())]
    return recorded.on_paper > len([number for number in people if number not in off])


def list_forgotten_volumes(session: Session, bundle: Bundle) -> list[int]:
    """List the volumes that hold letters of people who are forgotten."""
    now_in = _select_forgotten(Letter.volume_id == Volume.id, Letter.first_page.is_not(None))
    holding = select(Volume.sequence).where(Volume.bundle_id == bundle.id, now_in.exists())
    moved = _list_moved_on(session, bundle, Signature.forgotten_at.is_not(None), limit=None)
    return [*session.scalars(holding), *(letter.volume for letter in moved)]


def _select_forgotten(*conditions: ColumnElement[bool]) -> Select[int]:
    """Select letters of people whose details were deleted on schedule."""
    return (
        select(Letter.id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(Signature.forgotten_at.is_not(None), *conditions)
    )


def awaits_remake(session: Session, bundle: Bundle) -> bool:
    """Whether a bundle that is still here is to be made again before a file of it goes out."""
    if bundle_status.is_settled(session, bundle):
        return False
    changed = list_taken_back(session, bundle, limit=1) or list_put_back(session, bundle)
    return bool(changed) or lists_are_stale(session, bundle)


def lists_are_stale(session: Session, bundle: Bundle) -> bool:
    """Whether the lists and the README say what no longer holds of the signed sheets."""
    recorded = prints.find_print(session, bundle)
    if recorded is None:
        return False
    # One from before digests were recorded has the count alone.
    printed = {file["lists"] for file in recorded.files if "lists" in file}
    if printed:
        is_renamed = _names_differ(session, bundle, [recorded])
        return is_renamed or printed != {signed_sheets.digest_lists(session, bundle.id)}
    return recorded.on_paper != signed_sheets.count_carried(session, bundle.id)


def papers_differ(session: Session, bundle: Bundle, on_paper: int) -> bool:
    """Whether papers of an earlier print name or count others than those with these `on_paper`.

    Where only rows to be blacked out have changed, the README alone was made anew.
    """
    if any(entry.sha256 for entry in bundle.taken_out.of_earlier_prints):
        return True
    all_prints = prints.list_prints(session, bundle)
    counts = {recorded.on_paper for recorded in all_prints}
    return bool(counts - {on_paper}) or _names_differ(session, bundle, all_prints)


def _names_differ(session: Session, bundle: Bundle, recorded: Sequence[BundlePrint]) -> bool:
    """Whether the lists of a print name people otherwise than they would now."""
    digest = signed_sheets.digest_names(session, bundle.id)
    named = [{file["names"] for file in each.files if "names" in file} for each in recorded]
    if any(digests - {digest} for digests in named):
        return True
    # Prints from before these digests were recorded know only when they were made.
    older = [each.made_at for each, digests in zip(recorded, named, strict=True) if not digests]
    return bool(older and signed_sheets.find_correction(session, bundle.id, min(older)))


def find_correction(session: Session, bundle: Bundle) -> datetime | None:
    """Find when names in its lists were last corrected, since these were first printed."""
    all_prints = prints.list_prints(session, bundle)
    if not all_prints:
        return None
    return signed_sheets.find_correction(session, bundle.id, all_prints[0].made_at)


def list_taken_back(
    session: Session, bundle: Bundle, *, limit: int | None = 500
) -> list[TakenBack]:
    """List letters in its files, then people in its lists, who are gone; each in order."""
    is_gone = Letter.signature_id.in_(select_gone(bundle.campaign_id))
    moved = _list_moved_on(session, bundle, is_gone, limit=limit)
    letters = [*list_in_it(session, bundle, limit=limit), *moved]
    letters.sort(key=lambda letter: int(letter.number))
    return [*letters, *list_in_lists(session, bundle)][:limit]


def everyone_withdrew(session: Session, bundle: Bundle) -> bool:
    """Whether every printed letter was taken back for good; of sheets alone, everybody on them.

    Also of letters that went on into another bundle. People on sheets beside the letters may still
    count: without a letter no print is made.
    """
    return db.is_true_of(session, bundle, _everyone_is((*GONE, SignatureState.REJECTED)))


def _everyone_is(states: Collection[SignatureState]) -> ColumnElement[bool]:
    """Whether the same is true of a bundle in a query, by these states."""
    now_in = select(Letter.id).where(Letter.bundle_id == Bundle.id, Letter.first_page.is_not(None))
    moved = select(Letter.id).join(LetterMove, LetterMove.letter_id == Letter.id)
    printed = (now_in, moved.where(LetterMove.bundle_id == Bundle.id))
    is_gone = and_(Signature.id.is_not(None), Signature.state.in_(states))
    counts = or_(
        *(
            letters.outerjoin(Letter.signature).where(not_(is_gone)).correlate(Bundle).exists()
            for letters in printed
        )
    )
    on_sheets = _carried(Signature.state == SignatureState.CONFIRMED)
    was_printed = or_(*(letters.correlate(Bundle).exists() for letters in printed))
    return and_(~counts, or_(was_printed, and_(Bundle.letter_count == 0, ~on_sheets)))


def _carried(*of_person: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether such a person stands on the sheets that are with a bundle in a query."""
    carried = select(CarriedSignature.position).join(
        Signature, Signature.id == CarriedSignature.signature_id
    )
    carried = carried.where(CarriedSignature.bundle_id == Bundle.id, *of_person)
    return carried.correlate(Bundle).exists()


def list_withdrawn(session: Session, bundles: Iterable[Bundle]) -> set[int]:
    """List the ids of these bundles that are withdrawn."""
    ids = [bundle.id for bundle in bundles]
    return set(session.scalars(select(Bundle.id).where(Bundle.id.in_(ids), withdrawn())))


def is_withdrawn(session: Session, bundle: Bundle) -> bool:
    return db.is_true_of(session, bundle, withdrawn())


def withdrawn() -> ColumnElement[bool]:
    """Whether every letter of a bundle in a query was taken back while its paper may be here.

    It is not to go out, and its files are deleted, or will be within minutes, unless review holds
    some of it. Something of it may count again since.
    """
    return and_(
        Bundle.state == BundleState.READY,
        ~bundle_status.settled(),
        or_(_everyone_is(_LETTER_GONE), and_(Bundle.emptied_at.is_not(None), _counts_still())),
    )


def still_counts(session: Session, bundle: Bundle) -> bool:
    """Whether letters of it, or people on sheets that are with it, may go out, also again."""
    return db.is_true_of(session, bundle, _counts_still())


def _counts_still() -> ColumnElement[bool]:
    good = (Signature.state == SignatureState.CONFIRMED, Signature.forgotten_at.is_(None))
    letters = select(Letter.id).join(Letter.signature).where(Letter.bundle_id == Bundle.id, *good)
    return or_(letters.correlate(Bundle).exists(), _carried(*good))


def list_in_lists(session: Session, bundle: Bundle) -> list[TakenBack]:
    """List people on the sheets that travel with it who are gone, and whom its lists still name."""
    off = _list_off(bundle)
    gone = _list_on_sheets(session, bundle, Signature.state != SignatureState.CONFIRMED)
    return [
        TakenBack(number, state, volume=0, page=0) for number, state in gone if number not in off
    ]


def say_who_is_off(session: Session, bundle: Bundle) -> list[PersonOff]:
    """List who left its lists, and did not go out so, each with the reason as it is now.

    A row may have become a double since then, or be none any more.
    """
    states = dict(_list_on_sheets(session, bundle, Signature.state != SignatureState.CONFIRMED))
    return [
        replace(person, reason=states.get(person.number, person.reason))
        for person in bundle.taken_out.people
        if not person.is_gone
    ]


def list_put_back(session: Session, bundle: Bundle) -> list[str]:
    """List people on the sheets who count again, and whom its lists lack."""
    off = _list_off(bundle)
    if not off:
        return []
    there = _list_on_sheets(session, bundle, Signature.state == SignatureState.CONFIRMED)
    return [number for number, _state in there if number in off]


def _list_off(bundle: Bundle) -> set[str]:
    return {person.number for person in bundle.taken_out.people if not person.went}


def _list_on_sheets(
    session: Session, bundle: Bundle, state: ColumnElement[bool]
) -> list[tuple[str, str]]:
    """List people on the sheets that came with it, in order; also where these went on.

    Each with the state: of a row that doubles what counts elsewhere, that it does so.
    """
    onward = signed_sheets.select_onward(bundle.id)
    rows = session.execute(
        select(
            CarriedSignature.position, Signature.state, PaperRow.verdict, _TWIN.state, _TWIN.origin
        )
        .join(Signature, Signature.id == CarriedSignature.signature_id)
        .outerjoin(PaperRow, PaperRow.signature_id == Signature.id)
        .outerjoin(_TWIN, _TWIN.id == PaperRow.twin_id)
        .where(CarriedSignature.bundle_id.in_(onward), state)
        .order_by(CarriedSignature.position)
    )
    return [
        (signed_sheets.paper_number(position), _say_state(own, verdict, of_twin, origin))
        for position, own, verdict, of_twin, origin in rows
    ]


def _say_state(
    own: SignatureState,
    verdict: RowVerdict | None,
    of_twin: SignatureState | None,
    origin: Origin | None,
) -> str:
    if own is SignatureState.ERASED and verdict is RowVerdict.REMOVED:
        return "removed"
    if own is not SignatureState.ERASED or of_twin is None:
        return own.value
    if of_twin in TWIN_GONE:  # one that is signed again was withdrawn
        return (of_twin if of_twin in GONE else SignatureState.WITHDRAWN).value
    return f"also_{origin.value}" if origin else "also_paper"


def list_in_it(
    session: Session, bundle: Bundle, *only: ColumnElement[bool], limit: int | None = 500
) -> list[TakenBack]:
    """Those that are still the bundle's, in order; `only` such letters."""
    is_gone = Letter.signature_id.in_(select_gone(bundle.campaign_id))
    return _list_printed(session, bundle, is_gone, *only, limit=limit)


def _list_printed(
    session: Session, bundle: Bundle, *conditions: ColumnElement[bool], limit: int | None = None
) -> list[TakenBack]:
    rows = session.execute(
        select(Letter.sequence, Letter.first_page, Signature.state, Volume.sequence, Volume.sha256)
        .join(Signature, Signature.id == Letter.signature_id)
        .join(Volume, Volume.id == Letter.volume_id)
        .where(Letter.bundle_id == bundle.id, Letter.first_page.is_not(None), *conditions)
        .order_by(Letter.sequence)
        .limit(limit)
    )
    went, held_by = _find_files_that_went(session, bundle), bundle.taken_out.files_that_held
    taken_back = []
    for sequence, page, state, volume, digest in rows:
        number = number_of(sequence or 0)
        is_known = went is None or held_by.get(number, digest) in went
        taken_back.append(TakenBack(number, state.value, volume, page or 0 if is_known else 0))
    return taken_back


def _find_files_that_went(session: Session, bundle: Bundle) -> set[str] | None:
    """Find the files of an earlier print that was delivered, by their digests; else None.

    A letter's page is that of the newest volume, or of the last that held it: in an earlier one
    it began elsewhere.
    """
    recorded = prints.find_print(session, bundle) if bundle.taken_out.went_earlier else None
    return {str(file["sha256"]) for file in recorded.files} if recorded else None


def _list_moved_on(
    session: Session, bundle: Bundle, condition: ColumnElement[bool], *, limit: int | None
) -> list[TakenBack]:
    rows = session.execute(
        select(LetterMove.sequence, Signature.state)
        .join(Letter, Letter.id == LetterMove.letter_id)
        .join(Signature, Signature.id == Letter.signature_id)
        .where(LetterMove.bundle_id == bundle.id, condition)
        .order_by(LetterMove.sequence)
        .limit(limit)
    ).all()
    if not rows:
        return []
    # A volume holds numbers that follow on one another: here, those before which each ends.
    first = Frozen.from_json(bundle.frozen).first_number
    ends = list(accumulate((volume.letter_count for volume in bundle.volumes), initial=first))[1:]
    return [
        TakenBack(number_of(number), state.value, bisect_right(ends, number) + 1, 0, moved=True)
        for number, state in rows
    ]


def list_reviewed(session: Session, bundle: Bundle) -> list[str]:
    """List the numbers of its letters that a later risk flag sent to review: none may go out."""
    reviewed = Letter.signature_id.in_(select_gone(bundle.campaign_id, REVIEWED))
    numbers = select(Letter.sequence).where(Letter.bundle_id == bundle.id, reviewed)
    return [number_of(number or 0) for number in session.scalars(numbers.order_by(Letter.sequence))]


def holds_reviewed() -> ColumnElement[bool]:
    """Whether a bundle in a query has such letters."""
    letters = select(Letter.id).join(Signature, Signature.id == Letter.signature_id)
    reviewed = (Signature.campaign_id == Bundle.campaign_id, Signature.state.in_(REVIEWED))
    return letters.where(Letter.bundle_id == Bundle.id, *reviewed).correlate(Bundle).exists()


def select_gone(campaign_id: int, states: Collection[SignatureState] = _LETTER_GONE) -> Select[int]:
    """Select the signatures of a campaign in these states."""
    # By an index of states: else the row of each of 35,000 people is read for its state.
    return select(Signature.id).where(
        Signature.campaign_id == campaign_id, Signature.state.in_(states)
    )
