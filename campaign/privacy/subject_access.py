"""Everything that is held about a mailbox, to be taken away: the data, and the letters as PDFs."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import partial

import structlog
from flask_babel import gettext
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from zipstream import ZipStream

from campaign.bundles.freeze.signed_sheets import paper_number
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import clock, db, i18n
from campaign.core.db import Base, NumberedRow
from campaign.core.db.batches import read_each
from campaign.core.errors import TooMany
from campaign.core.language_facts import facts_of
from campaign.deliveries.gone_lists import find_attempt_with_sheet
from campaign.mail.messages import BadAddress, OutboxMail
from campaign.models.about import PrivacyNotice
from campaign.models.bundle import (
    Bundle,
    CarriedSignature,
    DeliveryAttempt,
    DeliveryOutcome,
    Destination,
)
from campaign.models.crm import CrmConnection, CrmPerson
from campaign.models.directory import Mission, mission_name, official_name
from campaign.models.network import UNCONFIRMED, NetworkMember
from campaign.models.notice import LettersLink, Notice, NoticeMail
from campaign.models.paper_signature import PaperRow, Scan
from campaign.models.signature import ConsentWording, Letter, Origin, Signature, SignatureState
from campaign.paper_signatures import double_ticks
from campaign.paper_signatures.check_row import FIELDS, TICKS, Details
from campaign.paper_signatures.row_signatures import locale_of, words_of
from campaign.printing.problems import LetterRefused
from campaign.privacy.field_words import explain
from campaign.signing.letter.compose import number_of
from campaign.signing.letter.draft import Letters, pdf_of, printable, signed_letters
from campaign.signing.states import LIVE
from campaign.tracking.letter_links import Mailbox, list_addressed, signatures_of
from campaign.tracking.letter_place import list_rows_too
from campaign.tracking.letter_trips import Trip, list_trips, trips_of
from campaign.tracking.send_it_yourself import plain_text

log = structlog.get_logger()

PER_HOUR = 10  # Downloads of one mailbox: each lays out all its letters
_INTERNAL = ("_id", "_mark", "flags_checked")
"""Endings of columns that say nothing of the person: numbers of rows (or flags), keyed marks."""
_TOLD_OTHERWISE = {"id", "state_before", "exact_times"}
_TRIES = 3
Say = Callable[[object], object]
"""How a table's moments are said: of some no more is known than the day."""


@dataclass(frozen=True, slots=True)
class Holding:
    data: dict[str, object]
    signature_ids: tuple[int, ...]  # Of letters that have a text


def _say_as_kept(value: object) -> object:
    return value


def _say_when(value: object, zone: str) -> object:
    """Return the day of a moment where no more is known: its beginning in the zone of the row.

    In the first second of a day are what `cut_to_day` and `memberships.blur` make of a moment.
    Not for what is cut to the hour: the first of a day begins with it.
    """
    if not isinstance(value, datetime):
        return value
    day = clock.day_of(value, zone)
    began = clock.moment_of(day, time.min, zone)
    return day if value - began < timedelta(seconds=1) else value


def _say_hour(value: object) -> object:
    """Return the hour alone of a moment of which no more is known (`clock.cut_to_hour`)."""
    return value.isoformat(timespec="hours") if isinstance(value, datetime) else value


def _say_day(value: object, zone: str) -> object:
    return clock.day_of(value, zone) if isinstance(value, datetime) else value


def gather_data(session: Session, mailbox: Mailbox, now: datetime) -> Holding:
    signatures = signatures_of(session, mailbox)
    bad = select(BadAddress).where(BadAddress.email_hmac == mailbox.fingerprint)

    def rows_of(model: type[NumberedRow], say: Say = _say_as_kept) -> list[dict[str, object]]:
        return [_read_columns(row, say) for row in list_addressed(session, mailbox, model)]

    say_when = partial(_say_when, zone="UTC")
    notices = (
        select(Notice.kind, Notice.created_at)
        .join(NoticeMail, NoticeMail.notice_id == Notice.id)
        .where(NoticeMail.email_hmac == mailbox.fingerprint)
    )
    data: dict[str, object] = {
        "made_at": now,
        "email": mailbox.email,
        "letters": [_describe_signature(session, mailbox, signature) for signature in signatures],
        "network": [_describe_membership(row) for row in rows_of(NetworkMember, say_when)],
        "other_programs": _list_programs(session, mailbox),
        "mails": [_describe_mail(row) for row in rows_of(OutboxMail)],
        "links_to_my_letters": rows_of(LettersLink, say_when),
        "news_told": [{"kind": kind, "at": at} for kind, at in session.execute(notices)],
        "mail_does_not_arrive": [_read_columns(row) for row in session.scalars(bad)],
    }
    written = tuple(signature.id for signature in signatures if signature.shown_state in LIVE)
    return Holding({"about_this_file": explain(data), **data}, written)


def _list_programs(session: Session, mailbox: Mailbox) -> list[dict[str, object]]:
    """List the programs of the organization that were told of the membership."""
    members = list_addressed(session, mailbox, NetworkMember)
    names = [member.public_id for member in members if isinstance(member, NetworkMember)]
    programs = session.execute(
        select(CrmPerson.id, CrmConnection.kind, CrmPerson.task, CrmPerson.state)
        .join(CrmConnection, CrmPerson.connection_id == CrmConnection.id)
        .where(CrmPerson.member.in_(names))
    ).all()
    ids, told = [row.id for row in programs], select(CrmPerson.id, CrmPerson.failure_words)
    words = dict(read_each(session, told, CrmPerson.id, ids))
    columns = ("program", "task", "state", "answer")
    return [
        dict(zip(columns, (*facts, (row := words.get(key)) and row.failure_words), strict=True))
        for key, *facts in programs
    ]


def _describe_signature(
    session: Session, mailbox: Mailbox, signature: Signature
) -> dict[str, object]:
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    notice = session.get(PrivacyNotice, wording.privacy_notice_id or 0)
    zone, times = signature.campaign.timezone, signature.times
    is_online = signature.origin is Origin.ONLINE
    # On a sheet stands the day alone. The hour is known at which somebody keyed it in.
    say_written = partial(_say_when if is_online else _say_day, zone=zone)
    sheet = double_ticks.find_sheet_of_news(session, signature)
    ticked = signature.consent_updates_at if sheet else None

    def say(value: object) -> object:
        return _say_day(value, zone) if value == ticked else say_written(value)

    # Beside its moment, sealed, the columns tell the day.
    moments: dict[datetime | None, datetime] = {signature.signed_at: times.signed_at}
    consents = {
        "delivery": (wording.delivery, signature.locale, signature.consent_delivery_at),
        "updates": (wording.updates, wording.locale, signature.consent_updates_at),
        "network": (wording.network, signature.locale, signature.consent_network_at),
    }
    if sheet:
        consents["updates"] = (words_of(sheet).updates, locale_of(sheet), ticked)
    return {
        "case": {
            "reference": signature.campaign.reference,
            "person": signature.campaign.name_in(signature.locale),
        },
        **_read_columns(signature, say),
        "state": signature.shown_state,
        "signed_at": say(times.signed_at),
        "confirmed_at": say(times.confirmed_at) if is_online else None,
        "entered_at": None
        if is_online
        else _say_hour(times.confirmed_at),  # on paper no one confirms
        "consents": [
            {
                "what": what,
                "wording": words,
                "language": language,
                "agreed_at": say(moments.get(at, at)),
            }
            for what, (words, language, at) in consents.items()
        ],
        "privacy_notice_of": notice.created_at if notice else None,
        "sent_to": [
            *(_describe_letter(session, letter) for letter in signature.letters),
            *_describe_own_sheet(session, signature),
        ],
        "also_on_sheets": [
            _describe_row_too(session, row, mailbox) for row in list_rows_too(session, signature)
        ],
    }


def _describe_letter(session: Session, letter: Letter) -> dict[str, object]:
    bundle = session.get(Bundle, letter.bundle_id) if letter.bundle_id else None
    return {
        "official": official_name(letter.target.official, i18n.locale()),
        "bundle": bundle.sequence if bundle else None,
        "number": number_of(letter.sequence) if letter.sequence else None,
        "set_aside": letter.shown_set_aside,
        "deliveries": [_describe_trip(trip) for trip in trips_of(session, [letter])],
    }


def _describe_own_sheet(session: Session, signature: Signature) -> Iterator[dict[str, object]]:
    """Say of who signed by hand where the sheet is, as the page of the signature says it."""
    row = session.scalar(select(PaperRow).where(PaperRow.signature_id == signature.id))
    if row is None:
        return
    carried = session.execute(
        select(Bundle.sequence, CarriedSignature.position)
        .join(CarriedSignature, CarriedSignature.bundle_id == Bundle.id)
        .where(CarriedSignature.signature_id == signature.id)
    ).one_or_none()
    yield {
        "sheet": _describe_sheet(session, row),
        "bundle": carried.sequence if carried else None,
        "number": paper_number(carried.position) if carried else None,
        "deliveries": [_describe_trip(trip) for trip in list_trips(session, signature)],
    }


def _describe_row_too(session: Session, row: PaperRow, mailbox: Mailbox) -> dict[str, object]:
    """Say what a row says that doubles a letter, and with what its sheet went out."""
    details = Details.of_json(row.details) if row.details is not None else None
    is_own = details is not None and mailbox.owns(details.email)
    names = (*FIELDS, "region", *TICKS)
    went = find_attempt_with_sheet(session, PaperRow.id == row.id)
    return {
        "sheet": _describe_sheet(session, row),
        "says": {name: getattr(details, name) for name in names} if is_own else None,
        "deliveries": [_describe_attempt(went, went.outcome)] if went else [],
    }


def _describe_sheet(session: Session, row: PaperRow) -> dict[str, object]:
    scans = select(func.count(Scan.id)).where(Scan.sheet_id == row.sheet_id)
    return {
        "kind": row.sheet.kind,
        "signed_on": row.sheet.collected_on,
        "place": row.sheet.place,
        "row": row.position,
        "scans": session.scalar(scans),
    }


def _describe_trip(trip: Trip) -> dict[str, object]:
    envelope = trip.envelope
    told = {"envelope": envelope.number, "tracking": envelope.tracking} if envelope else {}
    return {**_describe_attempt(trip.attempt, trip.fate), **told}


def _describe_attempt(attempt: DeliveryAttempt, outcome: DeliveryOutcome) -> dict[str, object]:
    to = attempt.destination
    return {
        "on": attempt.happened_on,
        "outcome": outcome,
        "to": _name_destination(to),
        "place": attempt.place,
    }


def _name_destination(to: Destination) -> str:
    if isinstance(to, Mission):
        return mission_name(to, i18n.locale())
    return official_name(to, i18n.locale())


def _describe_mail(columns: dict[str, object]) -> dict[str, object]:
    """Say when it was sent as exactly as that is kept: the hour, and after a day the day."""
    # What one that waits says may hold a link, and goes out anyway.
    told = {name: value for name, value in columns.items() if name != "context"}
    due_at = told["due_at"]
    if told["sent_at"] is None or not isinstance(due_at, datetime):
        return told
    # No midnight is the end of an hour (`sender.py`).
    is_day = due_at == clock.cut_to_day(due_at, "UTC")
    return {
        name: _say_day(value, "UTC") if is_day else _say_hour(value) for name, value in told.items()
    }


def _describe_membership(columns: dict[str, object]) -> dict[str, object]:
    """Say of who was not asked to confirm when they were added."""
    if columns["origin"] not in UNCONFIRMED:
        return columns
    return {**columns, "confirmed_at": None, "added_at": columns["confirmed_at"]}


def _read_columns(row: Base, say: Say = _say_as_kept) -> dict[str, object]:
    return {
        column.name: say(getattr(row, column.name))
        for column in row.__table__.columns
        if column.name == "public_id"
        or not (column.name in _TOLD_OTHERWISE or column.name.endswith(_INTERNAL))
    }


def get_file_names() -> tuple[str, str]:
    facts = facts_of(i18n.locale())
    return facts.letters_file, facts.everything_file


def stream_zip(holding: Holding) -> Iterator[bytes]:
    zip_stream = ZipStream()
    body = json.dumps(holding.data, ensure_ascii=False, indent=2, default=_to_json)
    zip_stream.add(body.encode(), get_file_names()[1])
    yield from zip_stream.file()
    for number, signature_id in enumerate(holding.signature_ids, start=1):
        for name, content in _make_letter_files(signature_id, number):
            zip_stream.add(content, name)
            yield from zip_stream.file()
    yield from zip_stream.finalize()


def _make_letter_files(signature_id: int, number: int) -> Iterator[tuple[str, bytes]]:
    with db.reading() as session:
        signature = session.get(Signature, signature_id)
        if signature is None:
            return
        letters = signed_letters(signature)
        if not letters:
            return  # who signed on paper has none
        name = f"{number:02d}-{signature.campaign.slug}"
        word = _get_mark(signature)
    yield f"{name}.txt", "\n\n\n".join(map(plain_text, letters)).encode()
    if word:
        marked = (replace(letter, specimen=word) for letter in letters)
        letters = Letters(marked, cards=letters.cards, layout=letters.layout)
    for _ in range(_TRIES):
        try:
            yield f"{name}.pdf", printable(letters, pdf_of)
        except TooMany:
            continue  # others print just now; each try waits for some seconds
        except LetterRefused as problem:
            log.warning("letter cannot be printed", problems=len(problem.problems))
        return


def _get_mark(signature: Signature) -> str:
    """Return what is printed across a letter that nobody prints; empty: it may be printed."""
    if is_stopped(signature.campaign.status):
        return gettext("Stopped")
    return "" if signature.shown_state is SignatureState.CONFIRMED else gettext("Preview")


def _to_json(value: object) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
