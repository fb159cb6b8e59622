"""The link in a supporter's mail: finding the letter it opens, and confirming it."""

from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.campaigns.closing_reasons import reasons_of
from campaign.campaigns.lifecycle import takes_confirmations
from campaign.campaigns.stop_rule import may_go_out
from campaign.core import clock, db, jobs, metrics
from campaign.core.errors import Gone, NotFound, Refused, is_allowed
from campaign.mail import bad_addresses
from campaign.models.campaign import Campaign
from campaign.models.signature import LinkEnd, Signature, SignatureState, SpentLink
from campaign.signing import signed_links
from campaign.signing.checks import review_decision
from campaign.signing.mails import WAITING
from campaign.signing.signature_events import announce_confirmed
from campaign.signing.signatures_per_mailbox import has_lapsed, is_full, list_seats, take_seat
from campaign.signing.signed_links import opened_link

_TRIES = 3
_PENDING = SignatureState.PENDING.value
_LOST = {
    SignatureState.WITHDRAWN: "letter-withdrawn",
    SignatureState.ERASED: "letter-erased",
    SignatureState.REJECTED: "letter-rejected",
    SignatureState.INVALID: "letter-removed",
}


def get_by_token(session: Session, token: str) -> Signature:
    """Raises NotFound (`letter-link`), or Gone (`link-expired`, `letter-erased`)."""
    digest = signed_links.digest_of(token)
    signature = session.scalar(select(Signature).where(Signature.token_digest == digest))
    if signature is not None and signed_links.matches(token, signature.token_digest):
        return signature
    public_id = opened_link(WAITING, token)
    if public_id:
        signature = session.scalar(select(Signature).where(Signature.public_id == public_id))
        if signature is not None:
            return signature
    _refuse_spent(session, digest)
    if public_id:
        # Made here, and its letter deleted since: of which case it was, nobody knows any more.
        raise Gone("link-expired")
    raise NotFound("letter-link")


def _refuse_spent(session: Session, digest: bytes) -> None:
    spent = session.get(SpentLink, digest)
    if spent is not None:
        slug = "letter-erased" if spent.end is LinkEnd.ERASED else "link-expired"
        raise Gone(slug, **_case_of(session.get_one(Campaign, spent.campaign_id)))


def _case_of(campaign: Campaign) -> dict[str, object]:
    return {
        "slug": campaign.slug,
        "cards": campaign.cards,
        "status": campaign.status.value,
        "act_by": campaign.act_by,
        "reasons": reasons_of(campaign),
    }


class LetterReplaced(Refused):
    """Since the page was opened somebody has signed anew for the same person."""


def confirm(
    session: Session, *, token: str, now: datetime, postal_code: str = "", seen: str = ""
) -> tuple[Signature, bool]:
    """Confirm the letter of that link; return whether this was the click that did.

    `postal_code` is that of the other person who shares the mailbox, `seen` the version of the
    letter that was on the page. Raises LetterReplaced, NotFound (`letter-link`), Gone
    (`link-expired`, `letter-withdrawn`, `letter-erased`, `letter-forgotten`, `letter-removed`),
    Refused (`letter-unconfirmed`: closed or stopped before it was confirmed) or MailboxShared (two
    people have signed from there, or one of another home).
    """
    return confirm_signature(
        session, get_by_token(session, token), now=now, postal_code=postal_code, seen=seen
    )


def confirm_signature(
    session: Session, signature: Signature, *, now: datetime, postal_code: str = "", seen: str = ""
) -> tuple[Signature, bool]:
    digest = signature.token_digest
    for _ in range(_TRIES):
        refuse_lost(signature, now)
        if signature.shown_state is not SignatureState.PENDING:
            return signature, False
        refuse_unconfirmable(signature)
        if seen and seen != signature.version:
            raise LetterReplaced("letter-replaced")
        before, words = signature.state, signature.seal_id
        seat = take_seat(session, signature, postal_code)
        verdict = review_decision.judge_letter(session, signature)
        is_confirmed = db.update_row(
            session,
            Signature,
            signature.id,
            Signature.token_digest == digest,
            Signature.seal_id == words,
            Signature.state == before,
            func.coalesce(Signature.state_before, _PENDING) == _PENDING,
            **verdict.columns(before),
            **signature.cut_times(now),
            seat=seat,
        )
        if session.get(Signature, signature.id, populate_existing=True) is None:
            # Who owns the mailbox has just deleted it as not theirs.
            _refuse_spent(session, digest or b"")
            raise NotFound("letter-link")
        if is_confirmed:
            if verdict.reasons:
                review_decision.store_hold(session, signature, verdict.reasons, now)
            bad_addresses.clear(session, signature.email_hmac)
            enqueue_followups(session, signature, now)
            waited = now - signature.times.signed_at
            metrics.note_confirmation(waited.total_seconds())
            return signature, True
        # Another click, a newer link, or an invalidation was quicker: look again.
        if signature.state is before and signature.seal_id == words:
            raise NotFound("letter-link")
    raise NotFound("letter-link")


def can_confirm(session: Session, signature: Signature, now: datetime) -> bool:
    """Tell whether the letter waits, and can be confirmed now."""
    return (
        signature.shown_state is SignatureState.PENDING
        and is_allowed(refuse_lost, signature, now, expected=Gone)
        and is_allowed(refuse_unconfirmable, signature, expected=Refused)
        and not is_full(session, signature)
    )


def enqueue_followups(session: Session, signature: Signature, now: datetime) -> None:
    announce_confirmed(session, signature, now)
    if signature.shown_state is not SignatureState.CONFIRMED:
        return
    if signature.own_words or signature.full_text:
        jobs.enqueue(session, "signing.note-words", signature.id)
    if signature.consent_network_at is not None:
        jobs.enqueue(session, "network.join-signer", signature.id)


def count_for(session: Session, signature: Signature) -> int:
    """Count who has written as this writer sees it: their own letter counts, also when excluded.

    So does that of who shares their mailbox: its page tells them of both.
    """
    counted_at, count = public_counts.last_count(session, signature.campaign)
    if signature.shown_state is not SignatureState.CONFIRMED:
        return count
    late = [
        row
        for row in list_seats(session, signature)
        if public_counts.is_counted_publicly(row) and _is_later(row, counted_at)
    ]
    return count + len(late) + (signature.state is SignatureState.INVALID)


def _is_later(signature: Signature, counted_at: datetime | None) -> bool:
    confirmed_at = signature.times.confirmed_at
    return counted_at is not None and confirmed_at is not None and confirmed_at > counted_at


def refuse_lost(signature: Signature, now: datetime) -> None:
    state = signature.shown_state
    # A forgotten letter keeps its state but not the end of its link.
    slug = "letter-forgotten" if signature.forgotten_at else _LOST.get(state)
    if slug is None and has_lapsed(signature, now):
        slug = "link-expired"
    if slug:
        raise Gone(slug, signature_id=signature.id, **_case_of(signature.campaign))


def refuse_held_back(campaign: Campaign) -> None:
    """Raise Refused where a confirmed letter is not handed over, because of a stop."""
    if not may_go_out(campaign.status):
        raise Refused("letter-held-back", **_case_of(campaign))


def refuse_unconfirmable(signature: Signature) -> None:
    """Raise Refused where a letter signed in time can no longer be taken.

    One that was signed in time may be confirmed after the last day; but once somebody has closed
    the campaign its letters are on their way, and a stop means that no more may go. It waits
    until its link ends, and is deleted then.
    """
    campaign = signature.campaign
    if not takes_confirmations(campaign.status, campaign.act_by, campaign.closed_at):
        deleted = _day_of_deletion(signature)
        raise Refused("letter-unconfirmed", deleted_on=deleted, **_case_of(campaign))


def _day_of_deletion(signature: Signature) -> date | None:
    ends = signature.token_expires_at
    return clock.day_of(ends, signature.campaign.timezone) if ends else None


def find_deletion_day(signature: Signature, now: datetime) -> date | None:
    """Find when a letter is deleted whose action ended before it was confirmed, in good time."""
    waits = signature.shown_state is SignatureState.PENDING and not has_lapsed(signature, now)
    if not waits or is_allowed(refuse_unconfirmable, signature, expected=Refused):
        return None
    return _day_of_deletion(signature)
