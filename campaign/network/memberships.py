"""Memberships: asking for one, confirming it, changing and ending it.

One address has one row, by its fingerprint; the unique constraint decides whatever happens at
once. A person who has left keeps the row without the address: that is how we know not to write.
"""

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from campaign.about.page_texts import note_notice
from campaign.campaigns.public_counts import counted_publicly, is_counted_publicly
from campaign.core import clock, db, jobs
from campaign.core.db.personal_columns import new_seal_id
from campaign.core.errors import Gone, NotFound, Refused
from campaign.core.settings import current_settings, site_url
from campaign.core.text.email_addresses import spelling
from campaign.mail import bad_addresses, suppression_list
from campaign.mail.messages import LEFT, MailState, OutboxMail, address_fingerprint
from campaign.models.campaign import Campaign
from campaign.models.crm import CrmConnection, CrmPerson
from campaign.models.network import (
    ErasedMember,
    Frequency,
    MemberOrigin,
    MemberState,
    NetworkMember,
)
from campaign.models.signature import ConsentWording, Origin, Signature, SignatureState
from campaign.network import mails
from campaign.network.mails import NetworkAlready, NetworkConfirm
from campaign.signing import signed_links

_TRIES = 3
_SIGNED_LATELY = timedelta(days=10)
"""A letter can be confirmed for seven days; within three more its writer is in the network."""
_SOON = timedelta(hours=1)
_WORDING_LENGTH = 600
_ERASED_KNOWN_MONTHS = 13
"""For so long other programs can be told that a member was erased."""
_OUTBOX_KINDS = ("network-action", "network-digest")
ORIGINS = {
    Origin.ONLINE: MemberOrigin.LETTER,
    Origin.PAPER: MemberOrigin.SHEET,
    Origin.IMPORT: MemberOrigin.IMPORT,
}
_BASIS = (
    "origin",
    "consent_wording",
    "consent_source",
    "privacy_notice_id",
    "paper_row_id",
    "joined_at",
    "confirmed_at",
)
"""What tells on what a membership rests."""
_LEFT: dict[str, object] = {
    "state": MemberState.LEFT,
    "email": None,
    "consent_source": None,
    "countries": [],
    "themes": [],
    "languages": [],
    "paper_row_id": None,
    "token_digest": None,
    "token_expires_at": None,
}


@dataclass(frozen=True, slots=True)
class Preferences:
    countries: list[str] = field(default_factory=list)
    themes: list[str] = field(default_factory=list)
    languages: list[str] = field(default_factory=list)
    frequency: Frequency = Frequency.EACH


@dataclass(frozen=True, slots=True, kw_only=True)
class _JoinRequest:
    email: str
    locale: str
    preferences: Preferences
    wording: str
    notice_id: int  # Of the privacy notice that was beside it
    token: str
    now: datetime

    def new_wishes(self) -> dict[str, object]:
        return asdict(self.preferences) | {
            "state": MemberState.PENDING,
            "origin": MemberOrigin.FORM,
            "locale": self.locale,
            "consent_wording": self.wording[:_WORDING_LENGTH],
            "privacy_notice_id": self.notice_id,
            "paper_row_id": None,
        }

    def new_link(self) -> dict[str, object]:
        return {
            "email": self.email,
            "token_digest": signed_links.digest_of(self.token),
            "token_expires_at": self.now + timedelta(days=current_settings().confirm_days),
            "joined_at": self.now,
        }


def join(
    session: Session,
    *,
    email: str,
    locale: str,
    preferences: Preferences,
    wording: str,
    now: datetime,
) -> None:
    """Take what somebody asks for, and mail the link that confirms it.

    Who is a member already gets a mail that says so, who is on the suppression list none; the
    caller cannot tell the difference.
    """
    request = _JoinRequest(
        email=email,
        locale=locale,
        preferences=preferences,
        wording=wording,
        notice_id=note_notice(session, locale).id,
        token=signed_links.new_token(),
        now=now,
    )
    fingerprint = address_fingerprint(email)
    if suppression_list.is_suppressed(session, fingerprint):
        return
    values = request.new_wishes() | request.new_link() | {"email_hmac": fingerprint}
    for _ in range(_TRIES):
        if db.insert_new(session, NetworkMember, **values):
            _send_link(session, request)
            return
        member = lock_member(session, NetworkMember.email_hmac == fingerprint)
        if member is not None:
            _join_again(session, member, request)
            return


def _join_again(session: Session, member: NetworkMember, request: _JoinRequest) -> None:
    if member.state is MemberState.ACTIVE:
        # To the address that was confirmed: the links in this mail are its owner's.
        mail = NetworkAlready(
            preferences_url=mails.preferences_url(member), leave_url=mails.leave_url(member)
        )
        mail.send(session, to=member.email or "", locale=request.locale)
        return
    if not _has_new_link(member, request) and _send_link(session, request):
        _set(session, member, request.new_wishes() | request.new_link())
    elif member.state is MemberState.PENDING and _is_good(member, request.now):
        # Without a mail the new link would reach nobody: then the old one confirms the new wishes.
        _set(session, member, request.new_wishes())


def _has_new_link(member: NetworkMember, request: _JoinRequest) -> bool:
    """Return whether a link was mailed within the hour that still holds: no second one goes."""
    return (
        member.state is MemberState.PENDING
        and spelling(member.email or "") == spelling(request.email)
        and _is_good(member, request.now)
        and member.joined_at > request.now - _SOON
    )


def _is_good(member: NetworkMember, now: datetime) -> bool:
    return member.token_expires_at is not None and member.token_expires_at > now


class WishesChanged(Refused):
    """Since the page was opened somebody has asked for something else with the same address."""


def version_of_wishes(member: NetworkMember) -> str:
    """Name what the button confirms."""
    wishes = (member.countries, member.themes, member.languages, member.frequency.value)
    wording = json.dumps([*wishes, member.locale, member.consent_wording])
    return hashlib.sha256(wording.encode()).hexdigest()[:32]


def confirm(
    session: Session, *, token: str, now: datetime, seen: str = ""
) -> tuple[NetworkMember, bool]:
    """Return the member, and whether this click did it. Raises NotFound, Gone or WishesChanged.

    `seen`: the version of the wishes that were on the page.
    """
    member = get_by_token(session, token)
    refuse_expired(member, now)
    lock_member(session, NetworkMember.id == member.id)  # and read it anew
    if member.state is MemberState.PENDING and seen not in {"", version_of_wishes(member)}:
        raise WishesChanged("wishes-changed")
    is_confirmed = db.update_row(
        session,
        NetworkMember,
        member.id,
        NetworkMember.token_digest == signed_links.digest_of(token),
        NetworkMember.state == MemberState.PENDING,
        state=MemberState.ACTIVE,
        joined_at=clock.keep_day(member.joined_at, current_settings().timezone),
        confirmed_at=blur(now),
        told_at=None,
        left_at=None,
    )
    session.refresh(member)
    if is_confirmed:
        bad_addresses.clear(session, member.email_hmac)
    elif not signed_links.matches(token, member.token_digest):
        raise NotFound("network-link")  # while we waited, a newer link replaced this one
    return member, is_confirmed


def blur(moment: datetime) -> datetime:
    """Return the day of the moment and some chance: links are made of it, a thief learns nothing.

    Who joins again on that day has other links all the same.
    """
    day = clock.keep_day(moment, current_settings().timezone)
    return day + timedelta(microseconds=secrets.randbelow(1_000_000))


def get_by_token(session: Session, token: str) -> NetworkMember:
    """Return the membership that `token` confirms. Raises NotFound (`network-link`)."""
    digest = signed_links.digest_of(token)
    member = session.scalar(select(NetworkMember).where(NetworkMember.token_digest == digest))
    if member is None or not signed_links.matches(token, member.token_digest):
        raise NotFound("network-link")
    return member


def refuse_expired(member: NetworkMember, now: datetime) -> None:
    """Raise Gone (`network-expired`) where a membership waited too long to be confirmed."""
    expires = member.token_expires_at
    if member.state is MemberState.PENDING and (expires is None or expires <= now):
        raise Gone("network-expired")


def get_by_link(session: Session, kind: str, token: str) -> NetworkMember:
    """Return the member of a lasting link in a mail. Raises NotFound (`network-link`)."""
    public_id = signed_links.opened_link(kind, token)
    member = _find_member(session, public_id) if public_id else None
    if member is None:
        raise NotFound("network-link")
    return member


def get_by_own_link(session: Session, token: str, now: datetime) -> NetworkMember:
    """Raises NotFound (`network-link`: not ours, or revoked) or Gone (`network-link-old`)."""
    member = _find_member(session, token.partition(".")[0])
    if member is not None and member.state is MemberState.LEFT:
        return member  # nothing is left that a link could open or change
    if member is None:
        raise NotFound("network-link")
    content = signed_links.opened_link(mails.kind_of_preferences(member), token)
    if content is None:
        raise NotFound("network-link")
    if int(content.rpartition(".")[2]) <= now.replace(tzinfo=UTC).timestamp():
        raise Gone("network-link-old")
    return member


def revoke_links(session: Session, member: NetworkMember) -> None:
    """End all links to the member's page, and the one that confirmed. Raises Gone."""
    current = _lock_active(session, member)
    digest = signed_links.digest_of(signed_links.new_token())
    _set(session, current, {"token_digest": digest, "paper_row_id": None})


def _lock_active(session: Session, member: NetworkMember) -> NetworkMember:
    current = lock_member(session, NetworkMember.id == member.id)
    if current is None:
        raise Gone("network-left")
    refuse_left(current)
    return current


def _find_member(session: Session, public_id: str) -> NetworkMember | None:
    return session.scalar(select(NetworkMember).where(NetworkMember.public_id == public_id))


def refuse_left(member: NetworkMember) -> None:
    if member.state is not MemberState.ACTIVE:
        raise Gone("network-left")


def change(
    session: Session, member: NetworkMember, *, locale: str, preferences: Preferences
) -> None:
    """Change what a member gets, and in which language. Raises Gone (`network-left`)."""
    own = asdict(preferences) | {"locale": locale, "paper_row_id": None}
    _set(session, _lock_active(session, member), own)


def leave(session: Session, member: NetworkMember, *, now: datetime) -> None:
    is_in = NetworkMember.state != MemberState.LEFT
    if not db.update_row(session, NetworkMember, member.id, is_in, **_LEFT, left_at=now):
        return
    mine = (OutboxMail.recipient_hmac == member.email_hmac, OutboxMail.kind.in_(_OUTBOX_KINDS))
    db.update_rows(
        session,
        OutboxMail,
        *(*mine, OutboxMail.state == MailState.WAITING),
        state=MailState.FAILED,
        failure=LEFT,
        recipient=None,
        context=None,
        sent_at=now,
    )
    forget_program_words(session, member)
    session.refresh(member)


def end_mistaken(session: Session, member: NetworkMember) -> None:
    """End the membership of who is locked and never asked for it: nothing of them is kept.

    Who had left before has left still.
    """
    left_at = member.left_at
    leave(session, member, now=left_at or db.utcnow())
    if left_at is None:
        db.delete_rows(session, NetworkMember, NetworkMember.id == member.id)
        note_erased(session, member)


def note_erased(session: Session, member: NetworkMember) -> None:
    """Let other programs that have the name of this member, who is deleted, be told so."""
    if member.confirmed_at:
        today = clock.keep_day(db.utcnow(), current_settings().timezone)
        session.add(ErasedMember(public_id=member.public_id, erased_at=today))


def forget_program_words(session: Session, member: NetworkMember) -> None:
    """Empty what other programs said of a member who is locked: of who is gone none is kept."""
    # The connections, of which there are few, let the index find the rows.
    by_index = CrmPerson.connection_id.in_(select(CrmConnection.id))
    of_member = CrmPerson.member == member.public_id
    db.update_rows(session, CrmPerson, by_index, of_member, failure_words=None)


def join_signer(
    session: Session, signature: Signature, *, now: datetime, paper_row_id: int | None = None
) -> None:
    """Make a member of somebody who asked for it when signing, and has confirmed the letter.

    `paper_row_id`: the row of a sheet on which they asked; a membership that rests on one is by a
    letter from then on. Nobody comes back who left after they ticked that box, or is on the
    suppression list. A letter that is held in silence makes a member like any other, or the form
    of the network would tell.
    """
    if not is_counted_publicly(signature) or signature.consent_network_at is None:
        return
    if suppression_list.is_suppressed(session, signature.email_hmac):
        return
    asked_at = signature.times.signed_at
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    campaign = session.get_one(Campaign, signature.campaign_id)
    values = asdict(Preferences()) | {
        "state": MemberState.ACTIVE,
        "origin": ORIGINS[signature.origin],
        "email": signature.email,
        "locale": signature.locale,
        "consent_wording": wording.network[:_WORDING_LENGTH],
        "consent_source": source_of(campaign, signature.origin),
        "privacy_notice_id": wording.privacy_notice_id,
        "paper_row_id": paper_row_id,
        "token_digest": None,
        "token_expires_at": None,
        "joined_at": clock.keep_day(asked_at, current_settings().timezone),
        "confirmed_at": blur(now),
        "told_at": None,
    }
    mine = NetworkMember.email_hmac == signature.email_hmac
    if db.insert_new(session, NetworkMember, email_hmac=signature.email_hmac, **values):
        return
    comes_back = (mine, or_(NetworkMember.left_at.is_(None), NetworkMember.left_at < asked_at))
    # All that is sealed in the row is given anew: with it, its name may be another.
    anew = values | {"seal_id": new_seal_id()}
    is_out = NetworkMember.state != MemberState.ACTIVE
    db.update_rows(session, NetworkMember, *comes_back, is_out, **anew)
    if paper_row_id is None:
        by_letter = {name: values[name] for name in _BASIS}
        rests_on_row = NetworkMember.paper_row_id.is_not(None)
        db.update_rows(session, NetworkMember, *comes_back, rests_on_row, **by_letter)


def source_of(campaign: Campaign, origin: Origin) -> str | None:
    """Say where the proof of consent is of somebody from a list without paper."""
    return campaign.reference if origin is Origin.IMPORT else None


def is_member_by_signing(session: Session, signature: Signature) -> bool:
    """Whether somebody ticked the box of the network when signing, and has not left it since.

    A job makes the member a moment after the letter is confirmed; nothing is said of who joined
    otherwise: others of the mailbox may read the letter's page.
    """
    if signature.consent_network_at is None:
        return False
    left = select(NetworkMember.id).where(
        NetworkMember.email_hmac == signature.email_hmac, NetworkMember.state == MemberState.LEFT
    )
    return not session.scalar(select(left.exists()))


@jobs.job("network.forget-unconfirmed", every_minutes=60)
def forget_unconfirmed() -> None:
    """Delete what nobody confirmed in time; who had left before has left still.

    After a year, that somebody was erased is forgotten too.
    """
    over = (
        NetworkMember.state == MemberState.PENDING,
        NetworkMember.token_expires_at <= db.utcnow(),
    )
    with db.transaction() as session:
        db.update_rows(session, NetworkMember, *over, NetworkMember.left_at.is_not(None), **_LEFT)
        db.delete_rows(session, NetworkMember, *over)
        before = clock.months_before(db.utcnow(), _ERASED_KNOWN_MONTHS)
        db.delete_rows(session, ErasedMember, ErasedMember.erased_at < before)


@jobs.job("network.join-signer")
def join_after_confirmation(signature_id: int) -> None:
    with db.transaction() as session:
        signature = session.get(Signature, signature_id, with_for_update={"read": True})
        if signature is None:
            return  # erased meanwhile
        join_signer(session, signature, now=db.utcnow())


def list_missed_signers() -> list[int]:
    """List those who confirmed by a link; letters that were invented for a rehearsal have none."""
    no_member = or_(
        NetworkMember.id.is_(None),
        NetworkMember.state != MemberState.ACTIVE,
        NetworkMember.paper_row_id.is_not(None),
    )
    unanswered = (
        select(Signature, NetworkMember.left_at)
        .outerjoin(NetworkMember, NetworkMember.email_hmac == Signature.email_hmac)
        .where(
            counted_publicly(),
            Signature.state.in_((SignatureState.CONFIRMED, SignatureState.HELD)),  # by an index
            Signature.signed_at > db.utcnow() - _SIGNED_LATELY,
            Signature.consent_network_at.is_not(None),
            Signature.token_digest.is_not(None),
            no_member,
            ~suppression_list.is_suppressed_sql(Signature.email_hmac),
        )
    )
    with db.reading() as session:
        # In clear the letter has its day alone: who left that morning may have signed at noon.
        return [
            signature.id
            for signature, left_at in session.execute(unanswered)
            if left_at is None or left_at < signature.times.signed_at
        ]


def lock_member(session: Session, condition: ColumnElement[bool]) -> NetworkMember | None:
    return session.scalar(
        select(NetworkMember)
        .where(condition)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


def _set(session: Session, member: NetworkMember, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(member, name, value)
    session.flush()


def _send_link(session: Session, request: _JoinRequest) -> bool:
    mail = NetworkConfirm(
        link=site_url(f"/{request.locale}/network/confirm/{request.token}"),
        days=current_settings().confirm_days,
    )
    return mail.send(session, to=request.email, locale=request.locale)
