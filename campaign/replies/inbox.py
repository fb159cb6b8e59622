"""Officials' mails to a campaign's address: each becomes a draft that somebody looks at.

Anybody can write there in anybody's name. Nothing is published by itself, nothing is answered.
"""

import base64
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.errors import DomainError, Invalid
from campaign.core.isolation.run_apart import run_apart
from campaign.core.language_names import find_language
from campaign.core.settings import current_settings
from campaign.core.text.email_addresses import canonical_email
from campaign.mail.mailboxes import empty_mailboxes
from campaign.models.campaign import Campaign, Target
from campaign.models.directory import ContactDetail, Mission
from campaign.models.reply import Channel, Reply
from campaign.paper_signatures import scans
from campaign.replies import replies
from campaign.replies.mime import MAX_BYTES, Email, one_line, read_email, read_head

log = structlog.get_logger()

_ACTOR = "job:replies.read-mail"
_TOKEN = re.compile(r"[a-z2-7]{16}")


class EmailRejected(DomainError):
    """A mail that becomes no draft: `mail-automatic`, `mail-known`, or no campaign has it."""


def address_of(campaign: Campaign) -> str:
    local, at, domain = current_settings().reply_address.rpartition("@")
    return f"{local}+{_tokens_of(campaign.public_id)[0]}@{domain}" if at else ""


def save_email(session: Session, raw: bytes, *, recipient: str = "") -> Reply:
    """Make a draft of an email; `recipient` is the address that the mail server says it is for.

    Raises EmailRejected, and UnreadableFile where it is none that can be read.
    """
    # Whom it is for is asked first: nobody's mail is read no further.
    campaign_id = _find_campaign([recipient])
    campaign_id = campaign_id or _find_campaign(run_apart(read_head, raw).recipients)
    if campaign_id is None:
        raise EmailRejected("mail-for-nobody")
    # Strangers choose how long it takes to read: until then `session` keeps nobody from writing.
    mail = run_apart(read_email, raw)
    if mail.is_automatic:
        raise EmailRejected("mail-automatic")
    files = list(_read_files(mail.files))
    campaign = session.get_one(Campaign, campaign_id)
    ident = mail.message_id or raw.decode("latin-1")
    digest = db.database().keyring.fingerprint(f"{campaign.id}|{ident}", "message-id")
    if db.has_row(session, select(Reply.id).where(Reply.message_digest == digest)):
        raise EmailRejected("mail-known")
    reply = _make_draft(campaign, mail)
    reply.message_digest = digest
    db.add_row(session, reply)
    for file in files:
        scans.keep_scan(session, file, actor=_ACTOR, reply_id=reply.id)
    replies.audit_reply(
        session,
        reply,
        _ACTOR,
        "reply.mail",
        known=reply.sender_known,
        files=len(files),
        left=len(mail.files) - len(files),
    )
    return reply


@jobs.job("replies.read-mail", every_minutes=5)
def read_mail() -> None:
    """Take in the emails that have come. What no campaign has stays where it is."""
    settings = current_settings()
    if not settings.reply_address:
        return
    empty_mailboxes(
        _save_or_leave,
        kind="reply",
        most_bytes=MAX_BYTES + 1,
        maildir=settings.reply_maildir,
        imap=settings.imap_mailboxes["reply_imap"],
        find_share=_find_share,
    )


def _find_share(beginning: bytes) -> tuple[int, bool] | None:
    """Return the campaign that an email is for, and whether we know who sent it; None: for none.

    Of each a run reads some emails. Anybody can write in an official's name: that alone would
    hold up what is for other campaigns.
    """
    head = run_apart(read_head, beginning)
    campaign_id = _find_campaign(head.recipients)
    if campaign_id is None:
        return None
    with db.reading() as session:
        sender = _find_sender(session.get_one(Campaign, campaign_id), head.sender_address)
    return campaign_id, sender != (None, None)


def _save_or_leave(raw: bytes) -> bool:
    try:
        with db.transaction() as session:
            save_email(session, raw)
    except EmailRejected as problem:
        return problem.slug in {"mail-automatic", "mail-known"}
    return True


def _make_draft(campaign: Campaign, mail: Email) -> Reply:
    target, mission = _find_sender(campaign, mail.sender_address)
    language = find_language(mail.language, replies.list_languages(campaign))
    sender = f"{mail.sender_name} <{mail.sender_address}>".strip()
    now = clock.utcnow()
    return Reply(
        campaign=campaign,
        target=target,
        mission=mission,
        received_on=clock.day_of(min(mail.sent_at or now, now), campaign.timezone),
        channel=Channel.EMAIL,
        locale=language or replies.usual_language(campaign),
        sender=one_line(sender, 300),
        subject=mail.subject,
        text=mail.text,
        from_mail=True,
        sender_known=target is not None or mission is not None,
    )


def _find_sender(campaign: Campaign, address: str) -> tuple[Target | None, Mission | None]:
    """Return the target or mission whose address in the directory this is."""
    canonical = canonical_email(address)
    for target in campaign.targets:
        if _has_address(target.official.contacts, canonical):
            return target, None
    for target in campaign.targets:
        if target.mission is not None and _has_address(target.mission.contacts, canonical):
            return None, target.mission
    return None, None


def _has_address(contacts: Iterable[ContactDetail], canonical: str) -> bool:
    return any(
        contact.type == "email" and canonical_email(contact.value) == canonical
        for contact in contacts
    )


def _read_files(files: Iterable[bytes]) -> Iterator[scans.ReadScan]:
    """Yield what is a picture or a PDF, judged by content; a PDF is not drawn by itself."""
    for body in files:
        with suppress(Invalid):
            yield scans.read_scan(body, draws=False)


def _find_campaign(recipients: Iterable[str]) -> int | None:
    local, at, domain = current_settings().reply_address.casefold().rpartition("@")
    if not at:
        return None
    candidates = {
        name.removeprefix(f"{local}+")
        for name, _at, host in (
            recipient.strip().casefold().rpartition("@") for recipient in recipients
        )
        if host == domain and name.startswith(f"{local}+")
    }
    tokens = {token for token in candidates if _TOKEN.fullmatch(token)}
    if not tokens:
        return None
    with db.reading() as session:
        for campaign_id, public_id in session.execute(select(Campaign.id, Campaign.public_id)):
            if not tokens.isdisjoint(_tokens_of(public_id)):
                return campaign_id
    return None


def _tokens_of(public_id: str) -> list[str]:
    """List what may stand in the address: it follows from a key, and nobody can guess it."""
    proofs = db.database().keyring.proofs(public_id, "reply-address")
    return [base64.b32encode(proof[:10]).decode().casefold() for proof in proofs]
