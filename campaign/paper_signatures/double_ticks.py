"""Ticks on a row that doubles a letter: they count for its writer, of the same mailbox alone.

Whoever writes somebody's name beside an address of their own on a sheet gets nothing by it, and
nothing of that letter changes.
"""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from campaign.campaigns.public_counts import is_counted_publicly
from campaign.core import db
from campaign.core.text.email_addresses import spelling
from campaign.models.paper_signature import PaperRow, PaperSheet
from campaign.models.signature import Origin, Signature
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.duplicates import COUNTS, fingerprints_of
from campaign.paper_signatures.row_signatures import common_columns, own_columns, signed_at


def keep_stop(row: PaperRow, details: Details, before: Details | None) -> Details:
    """Let a stop of the news stay with its row, whatever is keyed in anew.

    So does one of whom the row doubles, unless that has another mailbox.
    """
    twin, stopped = row.twin, before.news_stopped_at if before else ""
    if not stopped and twin is not None and twin.news_stopped_at:
        # In doubt no email: the address of a row may not have been kept.
        is_other = twin.email and spelling(twin.email) != spelling(details.email)
        stopped = "" if is_other else twin.news_stopped_at.isoformat()
    return replace(details, news_stopped_at=stopped)


def give_news(session: Session, row: PaperRow) -> None:
    """Let the letter have the news ticked on the row, unless they were stopped, there or here."""
    letter, details = row.twin, _read_details(row)
    if letter is None or details is None or not _shares(details, letter):
        return
    if details.news_stopped_at:
        stopped_at = datetime.fromisoformat(details.news_stopped_at)
        has_none = (Signature.forgotten_at.is_(None), Signature.consent_updates_at.is_(None))
        db.update_row(session, Signature, letter.id, *has_none, news_stopped_at=stopped_at)
        session.expire(letter, ["news_stopped_at"])
    elif details.news:
        _write_consent(
            session,
            letter,
            signed_at(row.sheet),
            Signature.state.in_(COUNTS),
            Signature.consent_updates_at.is_(None),
            Signature.news_stopped_at.is_(None),
        )


def take_news_back(session: Session, row: PaperRow) -> None:
    """Undo `give_news`: the row is about to be judged again, or goes."""
    letter, details = row.twin, _read_details(row)
    if letter is None or details is None or not details.news or not _shares(details, letter):
        return
    ticked = signed_at(row.sheet)
    _write_consent(session, letter, None, Signature.consent_updates_at == ticked)
    others = select(PaperRow).where(PaperRow.twin_id == letter.id, PaperRow.id != row.id)
    for other in session.scalars(others.order_by(PaperRow.id)):
        give_news(session, other)


def find_sheet_of_news(session: Session, letter: Signature) -> PaperSheet | None:
    """Find the sheet on which a letter's news were ticked."""
    doubles = select(PaperRow).where(
        PaperRow.twin_id == letter.id, PaperRow.email_hmac == letter.email_hmac
    )
    sheets = [row.sheet for row in session.scalars(doubles)] if _is_letter(letter) else []
    given = letter.consent_updates_at
    return next((sheet for sheet in sheets if signed_at(sheet) == given), None)


def asks_to_join(row: PaperRow) -> bool:
    """Tell whether the row ticked new actions for the writer of the letter that it doubles."""
    return _details_of_member(row) is not None


def make_signer(session: Session, row: PaperRow) -> Signature | None:
    """Return who joins by the row, in the language of their letter; a signature to read, not kept.

    None where nobody asks, or the letter does not count.
    """
    letter, details = row.twin, _details_of_member(row)
    if letter is None or details is None or not is_counted_publicly(letter):
        return None
    common = common_columns(session, row.sheet)
    columns = own_columns(common, details, fingerprints_of(details), gets_email=True)
    return Signature(**common | columns | {"locale": letter.locale})


def _details_of_member(row: PaperRow) -> Details | None:
    details = _read_details(row)
    if row.twin is None or details is None or not details.network:
        return None
    return details if _shares(details, row.twin) else None


def _read_details(row: PaperRow) -> Details | None:
    return Details.of_json(row.details) if row.details is not None else None


def _shares(details: Details, letter: Signature) -> bool:
    same = bool(details.email) and spelling(details.email) == spelling(letter.email)
    return same and _is_letter(letter)


def _is_letter(signature: Signature) -> bool:
    return signature.origin is Origin.ONLINE


def _write_consent(
    session: Session, letter: Signature, at: datetime | None, *conditions: ColumnElement[bool]
) -> None:
    is_known = Signature.forgotten_at.is_(None)
    if db.update_row(session, Signature, letter.id, is_known, *conditions, consent_updates_at=at):
        session.expire(letter, ["consent_updates_at"])
