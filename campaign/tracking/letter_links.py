"""The mailed link to all of one's letters: asked for with an address, good for a day.

A mail goes to the addresses that letters were signed with, never to the one that was typed: two
spellings may reach one mailbox, or two people. Each link opens the letters of its own spelling.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from campaign.core import clock, db, i18n, jobs
from campaign.core.db import NumberedRow
from campaign.core.errors import Gone, NotFound
from campaign.core.settings import current_settings, site_url
from campaign.core.text.email_addresses import spelling
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.models.network import NetworkMember
from campaign.models.notice import LettersLink
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.signing import signed_links
from campaign.tracking.mails import MyLetters, NoLetters

_SHOWN = tuple(state for state in SignatureState if state is not SignatureState.ERASED)
_REMEMBERED = timedelta(days=7)  # How long a link that has expired says so, less a day


@dataclass(frozen=True, slots=True)
class Mailbox:
    email: str
    fingerprint: bytes
    expires_at: datetime

    @property
    def zone(self) -> str:
        """The time zone in which pages say when it expires."""
        return current_settings().timezone

    def owns(self, address: str | None) -> bool:
        return address is not None and spelling(address) == spelling(self.email)


def mail_link(session: Session, *, email: str, locale: str, now: datetime) -> None:
    """Mail a link to the letters of that address, or say that there are none.

    The caller cannot tell these apart, nor whether the day's mails to the address are used up.
    """
    fingerprint = address_fingerprint(email)
    expires_at = clock.end_of_hour(now + timedelta(hours=current_settings().link_hours))
    addresses = _addresses(session, fingerprint)
    for address, has_letters in addresses.items():
        token = signed_links.new_token()
        mail = _write_mail(locale, token, expires_at, has_letters=has_letters)
        if mail.send(session, to=address, locale=locale):
            session.add(
                LettersLink(
                    email=address,
                    email_hmac=fingerprint,
                    locale=locale,
                    token_digest=signed_links.digest_of(token),
                    created_at=clock.cut_to_day(now, "UTC"),
                    expires_at=expires_at,
                )
            )
    if not addresses:
        NoLetters(home_url=site_url(f"/{locale}/")).send(session, to=email, locale=locale)
    session.flush()


def _addresses(session: Session, fingerprint: bytes) -> dict[str, bool]:
    """Return the addresses of the mailbox, each with whether a letter was signed with it."""
    signed = session.execute(
        select(Signature.email, Signature.origin)
        .where(Signature.email_hmac == fingerprint, Signature.state.in_(_SHOWN))
        .order_by(Signature.id.desc())
    ).all()
    member = session.scalar(
        select(NetworkMember.email).where(NetworkMember.email_hmac == fingerprint)
    )
    spellings: dict[str, str] = {}
    for address in (*(row.email for row in signed), member):
        if address:
            spellings.setdefault(spelling(address), address)
    online = {spelling(row.email) for row in signed if row.email and row.origin is Origin.ONLINE}
    return {address: key in online for key, address in spellings.items()}


def _write_mail(locale: str, token: str, expires_at: datetime, *, has_letters: bool) -> MyLetters:
    zone = current_settings().timezone
    return MyLetters(
        link=site_url(f"/{locale}/my-letters/{token}"),
        until=i18n.say_moment(expires_at, zone, locale),
        zone=i18n.say_town_of_zone(zone, locale),
        has_letters=has_letters,
    )


def open_mailbox(session: Session, token: str, now: datetime) -> Mailbox:
    """Raises NotFound or Gone (`letters-link`): there is none, or its time is over."""
    digest = signed_links.digest_of(token)
    link = session.scalar(select(LettersLink).where(LettersLink.token_digest == digest))
    if link is None or not signed_links.matches(token, link.token_digest):
        raise NotFound("letters-link")
    if link.expires_at <= now:
        raise Gone("letters-link")
    return Mailbox(link.email, link.email_hmac, link.expires_at)


def signatures_of(session: Session, mailbox: Mailbox) -> list[Signature]:
    signatures = session.scalars(
        select(Signature)
        .where(Signature.email_hmac == mailbox.fingerprint, Signature.state.in_(_SHOWN))
        .order_by(Signature.id.desc())
    )
    return [signature for signature in signatures if mailbox.owns(signature.email)]


def get_own_signature(session: Session, token: str, public_id: str) -> Signature:
    """Return a letter of the mailbox whose link holds `token`; raises what these two do."""
    return get_signature(session, open_mailbox(session, token, db.utcnow()), public_id)


def get_signature(session: Session, mailbox: Mailbox, public_id: str) -> Signature:
    """Raises NotFound, also for somebody else's."""
    signature = session.scalar(
        select(Signature).where(
            Signature.public_id == public_id,
            Signature.email_hmac == mailbox.fingerprint,
            Signature.state.in_(_SHOWN),
        )
    )
    if signature is None or not mailbox.owns(signature.email):
        raise NotFound("letter")
    return signature


_ADDRESSED: Mapping[type[NumberedRow], tuple[InstrumentedAttribute[bytes], str]] = {
    LettersLink: (LettersLink.email_hmac, "email"),
    NetworkMember: (NetworkMember.email_hmac, "email"),
    OutboxMail: (OutboxMail.recipient_hmac, "recipient"),
}
"""What is held by address besides signatures: its fingerprint's column, and the address's."""


def list_addressed(
    session: Session, mailbox: Mailbox, model: type[NumberedRow]
) -> list[NumberedRow]:
    """Return rows of the mailbox, but for those of another spelling."""
    column, name = _ADDRESSED[model]
    rows = session.scalars(select(model).filter_by(**{column.key: mailbox.fingerprint})).all()
    return [row for row in rows if not (email := getattr(row, name)) or mailbox.owns(email)]


@jobs.job("following.forget-links", every_minutes=60)
def forget_links() -> None:
    """Forget the hour of links that have expired, and after some days that there were any."""
    now = db.utcnow()
    with db.transaction() as session:
        day, expired_at = LettersLink.created_at, LettersLink.expires_at
        db.update_rows(session, LettersLink, expired_at <= now, expired_at > day, expires_at=day)
        asked_before = now - timedelta(hours=current_settings().link_hours) - _REMEMBERED
        db.delete_rows(session, LettersLink, expired_at <= now, day < asked_before)
