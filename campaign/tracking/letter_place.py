"""Where a letter may be by now. Every page and email that promises something asks here."""

import enum
from collections.abc import Iterable
from datetime import time

from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from campaign.about.what_stays import Kept
from campaign.bundles.freeze import signed_sheets
from campaign.core import clock, db, i18n
from campaign.deliveries.gone_lists import find_attempt_with_sheet, list_attempts_with_lists
from campaign.deliveries.paper_notes import is_in_earlier_print
from campaign.models.bundle import (
    Bundle,
    BundleState,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.paper_signature import PaperRow, PaperSheet
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.signing.letter.compose import number_of
from campaign.signing.states import LIVE
from campaign.tracking.letter_trips import Stay, stays_of, trips_of, was_before_withdrawal


class Place(enum.Enum):
    """Of the letters of one signature, the furthest that one of them may have come."""

    UNPRINTED = "unprinted"
    PRINTED = "printed"
    """Here, or on its way with somebody who has recorded nothing yet."""
    UNKNOWN = "unknown"
    """Perhaps it is out of our hands: of a part nobody has said which letters it was, or they went
    when staff had been told to take this one out."""
    GONE = "gone"  # Out of our hands


def find_place(session: Session, signature: Signature) -> Place:
    if signature.origin is not Origin.ONLINE:
        return _find_place_of_row(session, signature)
    stays = stays_of(session, signature.letters)
    is_out_of_print = all(stay.now and stay.letter.set_aside for stay in stays)
    if is_out_of_print and not (stays and signature.is_held_unseen):
        # What was fetched before the volume was remade without it may be on its way to the gate.
        is_out = any(is_in_earlier_print(session, stay.letter) for stay in stays)
        return Place.PRINTED if is_out else Place.UNPRINTED
    trips = trips_of(session, signature.letters)
    gone = [trip for trip in trips if trip.is_gone]
    # Nobody knows any more when somebody had theirs erased, before it went or after.
    if signature.state is not SignatureState.ERASED and not all(trip.doubtful for trip in gone):
        return Place.GONE
    is_unnamed = any(trip.fate is DeliveryOutcome.PART for trip in trips)
    return Place.UNKNOWN if gone or is_unnamed else Place.PRINTED


def _find_place_of_row(session: Session, signature: Signature) -> Place:
    """Find where the sheet may be on which it was signed."""
    if signature.origin is not Origin.PAPER:
        return Place.UNPRINTED
    went = find_attempt_with_sheet(session, PaperRow.signature_id == signature.id)
    if went is None or signature.shown_state not in {*LIVE, SignatureState.WITHDRAWN}:
        return Place.PRINTED
    if signature.withdrawn_at is None:
        return Place.GONE
    if was_before_withdrawal(went, signature) or _is_on_lists_that_went(session, went, signature):
        return Place.GONE
    return Place.UNKNOWN


def _is_recorded_later(went: DeliveryAttempt, signature: Signature) -> bool:
    """Whether the sheet was here for all that staff knew on the day of the withdrawal."""
    if signature.withdrawn_at is None:
        return False
    zone = signature.campaign.timezone
    day = clock.day_of(signature.withdrawn_at, zone)
    return went.created_at > clock.moment_of(day, time.max, zone)


def _is_on_lists_that_went(session: Session, went: DeliveryAttempt, signature: Signature) -> bool:
    """Whether staff recorded a print with the name of somebody who had withdrawn."""
    position = session.scalar(
        select(CarriedSignature.position).where(
            CarriedSignature.signature_id == signature.id,
            CarriedSignature.bundle_id == went.bundle_id,
        )
    )
    if position is None or went.bundle is None:
        return False
    return signed_sheets.paper_number(position) in went.bundle.taken_out.carried


def is_in_print_files(session: Session, signature: Signature) -> bool:
    """Whether our print files may hold a letter: until they are remade without it, or deleted.

    That its sheet was removed by hand changes no file.
    """
    stays = stays_of(session, signature.letters)
    with_files = select(Bundle).where(
        Bundle.id.in_({stay.bundle_id for stay in stays}), Bundle.emptied_at.is_(None)
    )
    bundles = {bundle.id: bundle for bundle in session.scalars(with_files)}
    return any(
        stay.bundle_id in bundles and not _is_remade_without(bundles[stay.bundle_id], stay)
        for stay in stays
    )


def _is_remade_without(bundle: Bundle, stay: Stay) -> bool:
    if stay.is_taken_out and stay.letter.first_page is None:
        return True
    # As long as it is being made again, the files from before are kept.
    numbers = {letter.number for letter in bundle.taken_out.letters}
    return bundle.state is BundleState.READY and number_of(stay.number) in numbers


def _find_list_that_went(session: Session, signature: Signature) -> DeliveryAttempt | None:
    """Find with what the lists went out on which a letter stands, with it or without."""
    stays = stays_of(session, signature.letters)
    attempts = list_attempts_with_lists(session, {stay.bundle_id for stay in stays})
    return next(
        (
            attempt
            for attempt in attempts
            for stay in stays
            if stay.bundle_id == attempt.bundle_id and _is_on_lists(attempt, stay, signature)
        ),
        None,
    )


def _is_on_lists(went: DeliveryAttempt, stay: Stay, signature: Signature) -> bool:
    """Whether it was: on those of a print that holds it, unless by then its name was unreadable.

    That its sheet was removed since, from what was left, brings back no list.
    """
    if not stay.is_taken_out:
        return True
    if stay.letter.first_page is None:
        return False
    is_unreadable = number_of(stay.number) in went.by_hand
    return was_before_withdrawal(went, signature) or not is_unreadable


def is_on_sheet_too(session: Session, signature: Signature) -> bool:
    """Whether a row of a sheet counts with this letter.

    Of the same address alone: who signs as somebody else does not learn what that person signed.
    """
    return signature.origin is Origin.ONLINE and db.has_row(
        session, select(PaperRow.id).join(PaperRow.sheet).where(*_is_row_too(signature))
    )


def list_rows_too(session: Session, signature: Signature) -> list[PaperRow]:
    """List the rows that `is_on_sheet_too` speaks of."""
    if signature.origin is not Origin.ONLINE:
        return []
    rows = select(PaperRow).join(PaperRow.sheet).where(*_is_row_too(signature))
    return [*session.scalars(rows.order_by(PaperRow.id))]


def _is_row_too(signature: Signature) -> tuple[ColumnElement[bool], ...]:
    return (*_is_double_of(signature), PaperSheet.origin == Origin.PAPER)


def _is_double_of(signature: Signature) -> tuple[ColumnElement[bool], ...]:
    return PaperRow.twin_id == signature.id, PaperRow.email_hmac == signature.email_hmac


def find_kept_letters(session: Session, signatures: Iterable[Signature]) -> Kept:
    """Find what stays of their letters and rows when all that can be deleted is.

    Of rows that double them, those with their address alone (`is_on_sheet_too`).
    """
    signatures = list(signatures)
    online = [signature for signature in signatures if signature.origin is Origin.ONLINE]
    letters = {find_place(session, signature) for signature in online}
    # Its number stays in the records of the bundle, also where another print went without it.
    has_number = any(stays_of(session, signature.letters) for signature in online)
    places = {find_place(session, signature) for signature in signatures}
    is_listed = any(_find_list_that_went(session, signature) for signature in online)
    ids = [signature.id for signature in signatures]
    addresses = [signature.email_hmac for signature in signatures]
    doubles = and_(PaperRow.twin_id.in_(ids), PaperRow.email_hmac.in_(addresses))
    rows = select(PaperRow.id).join(PaperSheet, PaperSheet.id == PaperRow.sheet_id)
    on_sheet = rows.where(
        or_(PaperRow.signature_id.in_(ids), doubles),
        PaperSheet.origin == Origin.PAPER,
        ~signed_sheets.is_out(),
    )
    is_copied = any(
        find_place(session, signature) is Place.UNPRINTED and is_in_print_files(session, signature)
        for signature in online
    )
    return Kept(
        printed=has_number,
        undelivered=not letters.isdisjoint({Place.PRINTED, Place.UNKNOWN}),
        delivered=is_listed or not places.isdisjoint({Place.UNKNOWN, Place.GONE}),
        on_sheet=db.has_row(session, on_sheet),
        copied=is_copied,
        cards=bool(online) and all(signature.campaign.cards for signature in online),
    )


def say_withdrawn(session: Session, signature: Signature) -> str:
    """Say what becomes of a letter, or a row on a sheet, that was withdrawn."""
    place = find_place(session, signature)
    if signature.origin is Origin.PAPER:
        went = find_attempt_with_sheet(session, PaperRow.signature_id == signature.id)
        row = _say_withdrawn_row(signature, went, place)
        return f"{gettext('We will not count it.')} {row}"
    list_went = say_list_went(session, signature) if place is not Place.GONE else ""
    sentences = (_say_withdrawn_letter(place), list_went, say_row_too(session, signature))
    return " ".join(filter(None, sentences))


def _say_withdrawn_letter(place: Place) -> str:
    if place is Place.UNPRINTED:
        return gettext("We will not count or deliver it.")
    words = {
        Place.PRINTED: gettext(
            "It was already printed, so we told our staff to take out the sheet. If they were "
            "already on their way with it, it may still be delivered."
        ),
        Place.UNKNOWN: gettext("It may already have been delivered. Then we cannot get it back."),
        Place.GONE: gettext("It is no longer in our hands, so we cannot get it back."),
    }
    return f"{gettext('We will not count it.')} {words[place]}"


def say_list_went(session: Session, signature: Signature) -> str:
    """Say when a list went out that names the writer of a letter; empty where none did."""
    went = _find_list_that_went(session, signature)
    if went is None:
        return ""
    day = i18n.say_date(went.happened_on)
    return gettext("A list with your name went out on %(day)s. We cannot get it back.", day=day)


def say_sheet_went(session: Session, signature: Signature) -> str:
    """Say when the sheet went out that its person signed, or that counts with their letter.

    Empty as long as it is here, and where there is none of which they may learn.
    """
    is_own = signature.origin is Origin.PAPER
    if not is_own and not is_on_sheet_too(session, signature):
        return ""
    row = (PaperRow.signature_id == signature.id,) if is_own else _is_double_of(signature)
    went = find_attempt_with_sheet(session, *row)
    if went is None:
        return ""
    day = i18n.say_date(went.happened_on)
    if is_own:
        return gettext(
            "The sheet you signed went out on %(day)s, so you can no longer withdraw your "
            "signature. You can still delete what we hold about you.",
            day=day,
        )
    return gettext(
        "The sheet with the row that was signed with your email address went out on %(day)s. We "
        "cannot get it back.",
        day=day,
    )


def say_row_too(session: Session, signature: Signature) -> str:
    """Say what becomes of the row that doubles a letter which is, or is about to be, withdrawn.

    Empty where there is none, or none that the writer may learn of.
    """
    if not is_on_sheet_too(session, signature):
        return ""
    went = find_attempt_with_sheet(session, *_is_double_of(signature))
    is_withdrawn = signature.withdrawn_at is not None
    if went is None and is_withdrawn:
        return gettext(
            "We told our staff to make the row that was signed with your email address unreadable "
            "before they deliver the sheet. If they were already on their way with it, the row may "
            "still be delivered."
        )
    if went is None:
        return gettext(
            "We tell our staff to make the row that was signed with your email address unreadable "
            "before they deliver the sheet. If they are already on their way with it, the row may "
            "still be delivered."
        )
    if not is_withdrawn or was_before_withdrawal(went, signature):
        return say_sheet_went(session, signature)
    day = i18n.say_date(went.happened_on)
    if _is_recorded_later(went, signature):
        return gettext(
            "We told our staff to make the row that was signed with your email address unreadable. "
            "The sheet went out on %(day)s. If the row could still be read then, we cannot get it "
            "back.",
            day=day,
        )
    # Which came first on that day nobody knows: staff were told only of a sheet that was here.
    return gettext(
        "The sheet with the row that was signed with your email address went out on %(day)s. If "
        "the row could still be read then, we cannot get it back.",
        day=day,
    )


def _say_withdrawn_row(signature: Signature, went: DeliveryAttempt | None, place: Place) -> str:
    if went is None or place is Place.PRINTED:
        return gettext(
            "We told our staff to make your row on the sheet unreadable before they deliver the "
            "sheet. If they were already on their way with it, your row may still be delivered."
        )
    day = i18n.say_date(went.happened_on)
    if place is Place.GONE and not was_before_withdrawal(went, signature):
        return gettext(
            "A list with your name went out on %(day)s, together with the sheet you signed. We "
            "cannot get it back.",
            day=day,
        )
    if place is Place.GONE:
        return gettext(
            "The sheet you signed went out on %(day)s, before you withdrew your signature. We "
            "cannot get it back.",
            day=day,
        )
    return gettext(
        "We told our staff to make your row on the sheet unreadable. The sheet went out on "
        "%(day)s. If the row could still be read then, we cannot get it back.",
        day=day,
    )
