"""Erasing everything that is held about a mailbox.

What is printed in a bundle leaves a tombstone: the letter's number, its target, its day, and nobody
to whom they belong. All else is deleted. A printed volume keeps the letter until it is remade.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.about.what_stays import Kept, list_what_stays
from campaign.bundles.freeze.signed_sheets import is_carried
from campaign.core import audit, db, i18n, jobs
from campaign.core.i18n import force_locale
from campaign.core.settings import current_settings, site_url
from campaign.mail import bad_addresses
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import Volume
from campaign.models.crm import CrmPerson
from campaign.models.delivery import LetterMove
from campaign.models.network import NetworkMember
from campaign.models.notice import LettersLink, NoticeMail
from campaign.models.screening import Hold
from campaign.models.signature import Letter, LinkEnd, Signature, SignatureState
from campaign.network.memberships import forget_program_words, note_erased
from campaign.paper_signatures.data_entry import empty_rows_of, empty_rows_with_address
from campaign.privacy.anonymise import replace_fingerprints
from campaign.signing.checks.similar import forget_words
from campaign.signing.mails import WAITING
from campaign.signing.reminders import spend_links
from campaign.signing.signature_events import announce_erased
from campaign.signing.signed_links import digest_of, signed_link
from campaign.signing.states import empty_signature
from campaign.tracking.letter_links import Mailbox, list_addressed, signatures_of
from campaign.tracking.letter_place import find_kept_letters
from campaign.tracking.mails import LettersErased
from campaign.tracking.timeline import is_frozen, lock_remaining


def find_kept(session: Session, mailbox: Mailbox, signatures: Sequence[Signature]) -> Kept:
    """Find what deleting leaves or does not reach, of those whose letters these are."""
    was_tried = CrmPerson.attempts > 0  # what was sent and not answered may be there
    told = select(CrmPerson.id).join(NetworkMember, NetworkMember.public_id == CrmPerson.member)
    of_mailbox = NetworkMember.email_hmac == mailbox.fingerprint
    was_told = db.has_row(session, told.where(of_mailbox, was_tried))
    return replace(find_kept_letters(session, signatures), told=was_told)


def say_kept(kept: Kept | None) -> list[str]:
    settings = current_settings()
    return list_what_stays(settings, i18n.isolate(settings.organisation_email), kept)


def erase_mailbox(session: Session, mailbox: Mailbox, *, locale: str, now: datetime) -> Kept:
    """Erase what there is; what is deleted meanwhile by somebody else needs no erasing."""
    signatures, forgotten = _lock_signatures(session, mailbox)
    kept = find_kept(session, mailbox, signatures)
    with force_locale(locale):
        stays = say_kept(kept)
    for signature in (*signatures, *forgotten):
        announce_erased(session, signature, now)
    # A row on a sheet that travels keeps its place: so the bundle tells who has to be blacked out.
    printed = [
        signature
        for signature in signatures
        if is_frozen(signature) or is_carried(session, signature)
    ]
    others = [signature for signature in signatures if signature not in printed]
    for signature in signatures:
        forget_words(session, signature.id)
    empty_rows_of(session, [signature.id for signature in signatures])
    spent = [(other.token_digest, other.campaign_id) for other in others]
    waiting = [
        (digest_of(signed_link(WAITING, other.public_id)), other.campaign_id) for other in others
    ]
    spend_links(session, [*spent, *waiting], LinkEnd.ERASED, now)
    for signature in printed:
        empty_signature(signature)
    _empty_regions(session, printed)
    session.execute(
        delete(Hold).where(Hold.signature_id.in_([signature.id for signature in printed]))
    )
    for signature in others:
        session.delete(signature)
    session.flush()
    replace_fingerprints(session, [signature.id for signature in forgotten])
    _delete_by_address(session, mailbox)
    audit.record(
        session,
        "supporter",
        "mailbox.erase",
        "mailbox",
        deleted=len(others),
        tombstones=len(printed),
        fingerprints=len(forgotten),
    )
    LettersErased(stays=stays, home_url=site_url(f"/{locale}/"), cards=kept.cards).send(
        session, to=mailbox.email, locale=locale
    )
    jobs.enqueue(session, "following.settle")
    return kept


def _lock_signatures(session: Session, mailbox: Mailbox) -> tuple[list[Signature], list[Signature]]:
    """Return the mailbox's signatures, and those of which only the fingerprint is left."""
    query = select(Signature).where(
        Signature.email_hmac == mailbox.fingerprint, Signature.forgotten_at.is_not(None)
    )
    shown, forgotten = signatures_of(session, mailbox), session.scalars(query).all()
    locked = lock_remaining(session, [*shown, *forgotten])
    return [letter for letter in locked if letter in shown], [
        letter for letter in locked if letter in forgotten
    ]


def _empty_regions(session: Session, printed: Sequence[Signature]) -> None:
    """Empty the region of volumes in which nobody is left: it would be that of who was erased."""
    session.flush()
    ids = [signature.id for signature in printed]
    is_known = Signature.state != SignatureState.ERASED
    now_in = select(Letter.volume_id).join(Signature)
    # A letter that went on through another mission stands in the volume that it left, too.
    once_in = (
        select(LetterMove.volume_id)
        .join(Letter, Letter.id == LetterMove.letter_id)
        .join(Signature, Signature.id == Letter.signature_id)
    )
    volumes = [
        volume_id
        for query in (now_in, once_in)
        for volume_id in session.scalars(query.where(Signature.id.in_(ids)))
    ]
    session.execute(
        update(Volume)
        .where(
            Volume.id.in_(volumes),
            Volume.id.not_in(now_in.where(Letter.volume_id.in_(volumes), is_known)),
            Volume.id.not_in(once_in.where(LetterMove.volume_id.in_(volumes), is_known)),
        )
        .values(region=None)
        .execution_options(synchronize_session="fetch")
    )


def _delete_by_address(session: Session, mailbox: Mailbox) -> None:
    address = mailbox.fingerprint
    empty_rows_with_address(session, address, mailbox.owns)
    for model in (LettersLink, NetworkMember, OutboxMail):
        for row in list_addressed(session, mailbox, model):
            # The member first, as when they leave: neither waits for the other.
            is_mine = db.delete_rows(session, model, model.id == row.id)
            if isinstance(row, NetworkMember) and is_mine:
                note_erased(session, row)
                forget_program_words(session, row)
        session.flush()
    session.execute(delete(NoticeMail).where(NoticeMail.email_hmac == address))
    bad_addresses.clear(session, address)


@jobs.job("following.settle")
def checkpoint_wal() -> None:
    """Have SQLite forget the erased pages of its log as well; its file was overwritten at once."""
    engine = db.database().engine
    if engine.dialect.name != "sqlite":
        return  # PostgreSQL clears dead rows by its own clock (autovacuum)
    connection = engine.raw_connection()
    try:
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()
