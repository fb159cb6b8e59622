"""A row's place in the bundle that took its sheet along, kept while the row counts nothing.

A sheet travels with one bundle, whose lists and cover letter count its people. Somebody whose row
is taken out after that and put back, or called a double and counted after all, has travelled
already: the signature is emptied meanwhile instead of deleted. A new one would wait for the next
bundle, and be counted by two cover letters.
"""

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from campaign.core.personal_columns import empty_values, no_fingerprint
from campaign.models.bundle_print import CarriedSignature
from campaign.models.paper_signature import PaperRow, RowVerdict
from campaign.models.signature import Signature, SignatureState
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.duplicates import COUNTS, Fingerprints
from campaign.paper_signatures.signature_columns import (
    Columns,
    common_columns,
    gets_news,
    own_columns,
    wants_news,
)
from campaign.signing.states import move_signature

_KNOWN: dict[str, object] = {"forgotten_at": None, "unlinked_at": None, "forgotten_words": ""}


def write_signature(
    session: Session, row: PaperRow, details: Details, prints: Fingerprints
) -> bool:
    """Write the details into the row's signature, a new one where it has none.

    One that counts goes on as it stands; whether one more counts now.
    """
    signature, campaign_id = row.signature, row.sheet.campaign_id
    gets_email = wants_news(details) and not gets_news(
        session, campaign_id, prints, besides=row.signature_id
    )
    common = common_columns(session, row.sheet)
    columns = common | own_columns(common, details, prints, gets_email=gets_email)
    if signature is None:
        row.signature = Signature(**columns)
        return True
    counted = signature.state in COUNTS
    if _is_kept_place(signature):
        move_signature(signature, columns["state"])
    else:
        del columns["state"]
        if not _joins_anew(signature, columns):
            del columns["confirmed_at"]
    for name, value in (columns | _KNOWN).items():
        setattr(signature, name, value)
    return not counted and signature.state in COUNTS


def take_out_signature(session: Session, row: PaperRow, heir: PaperRow | None) -> bool:
    """Make the row's signature count nothing; where it travels with a bundle, keep its place.

    The place goes to `heir`, a row of the same person that counts instead. Whether one less counts
    now.
    """
    signature = row.signature
    if signature is None:
        return False
    counted = signature.state in COUNTS
    if not session.scalar(select(exists().where(CarriedSignature.signature_id == signature.id))):
        row.signature = None
        session.flush()
        session.delete(signature)
    elif not _is_kept_place(signature):
        _empty_signature(signature)
        if heir is not None and heir.signature is None:
            row.signature = None
            session.flush()
            heir.signature = signature
    session.flush()
    return counted


def delete_kept_places(session: Session, *removed: ColumnElement[bool]) -> None:
    """Delete the kept places of such rows that were taken out: the rows are about to go."""
    removed_ids = select(PaperRow.signature_id).where(
        PaperRow.verdict == RowVerdict.REMOVED, PaperRow.signature_id.is_not(None), *removed
    )
    session.execute(
        delete(Signature)
        .where(Signature.id.in_(removed_ids), Signature.state == SignatureState.ERASED)
        .execution_options(synchronize_session=False)
    )


def _is_kept_place(signature: Signature) -> bool:
    """Whether it is no more than a place: of who signed by hand, nothing else leaves one."""
    return signature.state is SignatureState.ERASED


def _empty_signature(signature: Signature) -> None:
    move_signature(signature, SignatureState.ERASED)
    signature.email_hmac = no_fingerprint()
    for name, value in empty_values(Signature, counted=True).items():
        setattr(signature, name, value)


def _joins_anew(signature: Signature, columns: Columns) -> bool:
    """Whether the network is joined by what it did not say before: the job looks by the day."""
    before = signature.consent_network_at and signature.email_hmac
    return columns["consent_network_at"] is not None and before != columns["email_hmac"]
