"""The signature of a row: its columns, and its place in the bundle that took its sheet along.

A sheet travels with one bundle, whose lists and cover letter count its people. Somebody whose row
is taken out after that and put back, or called a double and counted after all, has travelled
already: the signature is emptied meanwhile instead of deleted. A new one would wait for the next
bundle, and be counted by two cover letters.
"""

import os
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext
from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import is_carried
from campaign.core import clock, db, i18n
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import ConsentWording, Disclosure, Origin, Signature, SignatureState
from campaign.paper_signatures.check_row import PERSON, Details
from campaign.paper_signatures.duplicates import COUNTS, Fingerprints
from campaign.public.printables import sheet_statement
from campaign.signing.consents import Consents, note_news_words, record_of
from campaign.signing.states import empty_signature, move_signature

PAPER_SEAT = 3
"""One mailbox gets news of a campaign for one row of paper; the seats of online signers stay."""
_LATER = ("consent_updates_at", "consent_network_at")
"""Consents that their person can also give by a page, later than by hand."""
Columns = dict[str, Any]


def common_columns(session: Session, sheet: PaperSheet) -> Columns:
    campaign, locale = sheet.campaign, locale_of(sheet)
    signed = signed_at(sheet)
    return {
        "campaign_id": campaign.id,
        "state": SignatureState.CONFIRMED,
        "origin": sheet.origin,
        "seat": PAPER_SEAT,
        "locale": locale,
        "letter_locale": locale,
        "own_words": "",
        "points": [],
        # What the printed sheet promises: officials see name and town.
        "disclosure": Disclosure.TOWN,
        "consent_wording_id": record_of(session, locale, words_of(sheet)).id,
        "consent_delivery_at": signed,
        "source": "sheet",
        "signed_at": signed,
        "confirmed_at": clock.cut_to_hour(db.utcnow()),
    }


def locale_of(sheet: PaperSheet) -> str:
    ours, main = i18n.languages(), sheet.campaign.default_locale
    return next((code for code in (sheet.locale, main) if code in ours), ours[0])


def correct_language(session: Session, sheet: PaperSheet) -> None:
    """Let everybody on the sheet have signed in the language that it says now."""
    common, rows = common_columns(session, sheet), select(PaperRow.signature_id)
    of_sheet = and_(
        Signature.id.in_(rows.where(PaperRow.sheet_id == sheet.id)),
        Signature.forgotten_at.is_(None),
    )
    by_page = Signature.consent_updates_at != Signature.consent_delivery_at
    agreed = [
        (signature, session.get_one(ConsentWording, signature.consent_wording_id))
        for signature in session.scalars(select(Signature).where(of_sheet, by_page))
    ]
    names = ("locale", "letter_locale", "consent_wording_id")
    db.update_rows(session, Signature, of_sheet, **{name: common[name] for name in names})
    for signature, wording in agreed:
        session.refresh(signature)
        note_news_words(session, signature, wording.updates, wording.locale)


def correct_day(session: Session, sheet: PaperSheet, day: date) -> None:
    """Let everybody on the sheet have signed, and consented, on the day that it says now.

    A consent that its person gave later by a page keeps its own day. `day` was that of the sheet.
    Lists that were printed say the old day, and are made again.
    """
    signed, before = signed_at(sheet), _noon(sheet, day)
    rows = select(PaperRow.signature_id).where(PaperRow.sheet_id == sheet.id)
    of_sheet = and_(Signature.id.in_(rows), Signature.forgotten_at.is_(None))
    for name in _LATER:
        by_hand = getattr(Signature, name) == Signature.consent_delivery_at
        db.update_rows(session, Signature, of_sheet, by_hand, **{name: signed})
    db.update_rows(session, Signature, of_sheet, signed_at=signed, consent_delivery_at=signed)
    listed = (PaperRow.sheet_id == sheet.id, PaperRow.verdict == RowVerdict.COUNTED)
    db.update_rows(session, PaperRow, *listed, keyed_at=db.utcnow())
    twins = select(PaperRow.twin_id).where(PaperRow.sheet_id == sheet.id)
    by_tick = (Signature.origin == Origin.ONLINE, Signature.consent_updates_at == before)
    db.update_rows(session, Signature, Signature.id.in_(twins), *by_tick, consent_updates_at=signed)


def signed_at(sheet: PaperSheet) -> datetime:
    return _noon(sheet, sheet.collected_on)


def _noon(sheet: PaperSheet, day: date) -> datetime:
    return datetime.combine(day, time(12), ZoneInfo(sheet.campaign.timezone))


def own_columns(
    common: Columns, details: Details, prints: Fingerprints, *, gets_email: bool
) -> Columns:
    consented_at = common["consent_delivery_at"] if gets_email else None
    return {name: getattr(details, name) for name in PERSON} | {
        # An address is kept for news alone; without one the fingerprint is a random one.
        "email": details.email if gets_email else "",
        "email_hmac": prints.email if gets_email else os.urandom(32),
        "person_hmac": prints.person,
        "consent_updates_at": consented_at if details.news else None,
        "consent_network_at": consented_at if details.network else None,
    }


def keeps_address(details: Details) -> bool:
    """Tell whether it is for news; after a stop, so that no other row gets its mailbox the news."""
    ticked = details.news or details.network
    return bool(details.email) and (ticked or bool(details.news_stopped_at))


def gets_news(
    session: Session, campaign_id: int, prints: Fingerprints, *, besides: int | None = None
) -> bool:
    """Tell whether a row of paper already gets this mailbox the news; not `besides`."""
    taken = select(Signature.id).where(
        Signature.campaign_id == campaign_id,
        Signature.email_hmac == prints.email,
        Signature.seat == PAPER_SEAT,
    )
    return any(signature_id != besides for signature_id in session.scalars(taken))


def list_news_addresses(session: Session, campaign_id: int) -> set[bytes]:
    fingerprints = session.scalars(
        select(Signature.email_hmac).where(
            Signature.campaign_id == campaign_id, Signature.origin != Origin.ONLINE
        )
    )
    return {bytes(fingerprint) for fingerprint in fingerprints}


def words_of(sheet: PaperSheet) -> Consents:
    """Return what people on the sheet read; of a list without paper we do not know it."""
    return (
        words_on_sheet(locale_of(sheet)) if sheet.origin is Origin.PAPER else Consents("", "", "")
    )


def words_on_sheet(locale: str) -> Consents:
    """Return what the printed sheet says in that language."""
    with force_locale(locale):
        return Consents(
            delivery=sheet_statement(current_settings().organisation_name),
            updates=gettext("News about this case"),
            network=gettext("New urgent actions"),
        )


_KNOWN: dict[str, object] = {"forgotten_at": None, "unlinked_at": None, "forgotten_words": ""}


def write_signature(
    session: Session, row: PaperRow, details: Details, prints: Fingerprints
) -> bool:
    """Write the details into the row's signature; return whether one more counts now.

    Where the news were stopped, it has none, and keeps since when.
    """
    signature, campaign_id = row.signature, row.sheet.campaign_id
    gets_email = keeps_address(details) and not gets_news(
        session, campaign_id, prints, besides=row.signature_id
    )
    common = common_columns(session, row.sheet)
    columns = common | own_columns(common, details, prints, gets_email=gets_email)
    if details.news_stopped_at:
        columns["news_stopped_at"] = datetime.fromisoformat(details.news_stopped_at)
        columns["consent_updates_at"] = None
    if signature is None:
        row.signature = Signature(**columns)
        return True
    counted = signature.state in COUNTS
    kept = Details.of_json(row.details) if row.details else None
    if _listed(kept or signature) != _listed(details):
        row.keyed_at = db.utcnow()  # so that lists that were printed are made again
    elif kept and kept.keyed_at:
        row.keyed_at = datetime.fromisoformat(kept.keyed_at)
    if _is_kept_place(signature):
        move_signature(signature, columns["state"])
    else:
        del columns["state"]
        before = signature.consent_network_at and signature.email_hmac
        if not (columns["consent_network_at"] is not None and before != columns["email_hmac"]):
            del columns["confirmed_at"]
        if signature.email_hmac == columns["email_hmac"]:
            columns = _with_consents_by_page(columns, signature)
    for name, value in (columns | _KNOWN).items():
        setattr(signature, name, value)
    return not counted and signature.state in COUNTS


def _with_consents_by_page(columns: Columns, signature: Signature) -> Columns:
    """Let a consent that its person gave by a page keep its day, and what it says of the news."""
    kept = {name: columns[name] and (getattr(signature, name) or columns[name]) for name in _LATER}
    if kept["consent_updates_at"] not in {None, columns["consent_delivery_at"]}:
        kept["consent_wording_id"] = signature.consent_wording_id
    return columns | kept


def take_out_signature(session: Session, row: PaperRow, heir: PaperRow | None) -> bool:
    """Make it count nothing; a place in a bundle goes to `heir`. Return whether one less counts."""
    signature = row.signature
    if signature is None:
        return False
    counted = signature.state in COUNTS
    if signature.state is SignatureState.WITHDRAWN:
        # It stays its person's: by it a row that is put back, or keyed in again, is known.
        row.signature = None
    elif not is_carried(session, signature):
        row.signature = None
        session.flush()
        session.delete(signature)
    elif not _is_kept_place(signature):
        listed = _listed(signature)
        empty_signature(signature)
        if heir is not None and heir.signature is None and heir.details:
            row.signature = None
            session.flush()
            heir.signature = signature
            is_same = _listed(Details.of_json(heir.details)) == listed
            heir.keyed_at = row.keyed_at if is_same else db.utcnow()
    session.flush()
    return counted


def delete_kept_places(session: Session, *removed: ColumnElement[bool]) -> None:
    """Delete the kept places of such rows that were taken out: the rows are about to go."""
    removed_ids = select(PaperRow.signature_id).where(
        PaperRow.verdict == RowVerdict.REMOVED, PaperRow.signature_id.is_not(None), *removed
    )
    db.delete_rows(
        session, Signature, Signature.id.in_(removed_ids), Signature.state == SignatureState.ERASED
    )


def _listed(person: Details | Signature) -> tuple[str, ...]:
    """Return what the lists of a bundle say of a person."""
    return person.given_name, person.family_name, person.locality, person.country


def _is_kept_place(signature: Signature) -> bool:
    """Whether it is no more than a place: of who signed by hand, nothing else leaves one."""
    return signature.state is SignatureState.ERASED
