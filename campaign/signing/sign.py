"""Signing a letter.

Whatever happens at once, a person has one row on a campaign, besides those of printed letters that
they withdrew: the unique constraint (campaign, fingerprint of the address, seat) decides, and
whoever comes second is looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.db.personal_columns import new_seal_id
from campaign.core.db.prepared_statements import fetch_first, insert_rows
from campaign.core.settings import current_settings, site_url
from campaign.core.text.email_addresses import canonical_email, spelling
from campaign.models.network import MemberState, NetworkMember
from campaign.models.screening import Hold
from campaign.models.signature import ASKED, Letter, LinkEnd, Signature, SignatureState
from campaign.signing import signatures_per_mailbox, signed_links
from campaign.signing.campaign_terms import SigningPlan, refuse_ended
from campaign.signing.checks.origin import Trace, marks_of
from campaign.signing.consents import wording_id
from campaign.signing.mails import (
    AlreadySigned,
    ConfirmLetter,
    case_facts,
    last_day_to_confirm,
    letter_url,
    mail_name,
    queue_waiting,
)
from campaign.signing.person_fingerprint import person_of, person_print
from campaign.signing.reminders import spend_links
from campaign.signing.signatures_per_mailbox import SEATS, SPARE_SEAT, Ruling
from campaign.signing.signed_links import Signer
from campaign.signing.states import check_move
from campaign.signing.validate import SignedForm

_TRIES = 3
_SIGNATURE = db.table_of(Signature)
_INSERT_SIGNATURE = {
    name: dialect.insert(_SIGNATURE).on_conflict_do_nothing().returning(_SIGNATURE.c.id)
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}  # Built once: of all that happens when a letter is signed, building statements took most
_ADD_LETTERS = insert(db.table_of(Letter)).inline()
_JUST_SIGNED = timedelta(days=1)  # How long the tab that signed can take a letter back


@dataclass(frozen=True, slots=True)
class Signing:
    plan: SigningPlan
    letter: SignedForm
    locale: str  # Of the page, and of the mails
    now: datetime
    token: str
    values: dict[str, Any]
    replaces: bytes | None  # The digest of the letter that went to a wrong address


def make_signing(
    plan: SigningPlan,
    letter: SignedForm,
    *,
    locale: str,
    now: datetime,
    trace: Trace,
    receipt: str = "",
    replaces: str = "",
) -> Signing:
    """Make all of it that can be made before the database has to wait for it.

    `receipt` and `replaces` are what the tab knows of its letter: to be sent again, or taken back.
    """
    signer = Signer(plan.campaign_id, letter.email, letter.given_name, letter.family_name)
    token = signed_links.token_of(receipt, signer, now) or signed_links.new_token()
    values = columns_of(letter) | {
        "seal_id": new_seal_id(),
        **initial_columns(token, now),
        "campaign_id": plan.campaign_id,
        "locale": locale,
        "consent_updates_at": now if letter.consent_updates else None,
        "consent_network_at": now if letter.consent_network else None,
        "trace": trace.text,
        **marks_of(db.database().keyring, trace, letter.email),
    }
    former = signed_links.digest_in(replaces, now)
    return Signing(plan, letter, locale, now, token, values, former)


def sign(session: Session, signing: Signing) -> None:
    """Take a signature and mail the link that confirms it.

    A new person gets a row and letters. Somebody who has not confirmed yet gets the newest text
    and a new link; somebody who has, a mail that says so. The caller cannot tell these apart.

    Raises Refused (`campaign-ended`) where the campaign takes no letters now.
    """
    refuse_ended(signing.plan, signing.now)
    plan = signing.plan
    wording = wording_id(
        session, signing.locale, cards=plan.cards, newest_notice=plan.newest_notice
    )
    signing.values["consent_wording_id"] = wording
    if _insert_signature(session, signing, seat=SEATS[0]):
        _send_link(session, signing)
    else:
        _sign_again(session, signing)
    if signing.replaces is not None:
        _delete_former(session, signing, signing.replaces)


def _delete_former(session: Session, signing: Signing, digest: bytes) -> None:
    """Delete the same person's letter that waits at a wrong address.

    Its link says what every link says that a newer one replaced, and names nothing.

    Who confirms it at the same moment is left alone, and so is another spelling of this mailbox.
    """
    former = session.scalar(
        select(Signature)
        .where(
            Signature.token_digest == digest,
            Signature.campaign_id == signing.plan.campaign_id,
            Signature.state == SignatureState.PENDING,
            Signature.signed_at > signing.now - _JUST_SIGNED,
            Signature.email_hmac != signing.values["email_hmac"],
        )
        .with_for_update(skip_locked=True)
    )
    if former is None or person_of(former).name != person_of(signing.letter).name:
        return
    session.delete(former)
    session.flush()


def initial_columns(token: str, now: datetime) -> dict[str, object]:
    return {
        "state": SignatureState.PENDING,
        "consent_delivery_at": now,
        "token_digest": signed_links.digest_of(token),
        "token_expires_at": link_ends(now),
        "signed_at": now,
        "confirmed_at": None,
        "reminded_at": None,
        "withdrawn_at": None,
        "exact_times": None,
        "sent_by_self_at": None,
        "news_stopped_at": None,
        # Who takes the place of one that was found false is somebody new: judged when confirmed.
        "state_before": None,
        "invalidation_id": None,
    }


def link_ends(now: datetime) -> datetime:
    return now + timedelta(days=current_settings().confirm_days)


def columns_of(letter: SignedForm) -> dict[str, object]:
    fingerprint = db.database().keyring.fingerprint(canonical_email(letter.email), "email")
    return asked_values(letter) | {
        "email_hmac": fingerprint,
        "letter_locale": letter.letter_locale,
        "source": letter.source,
    }


def asked_values(letter: SignedForm) -> dict[str, object]:
    return {name: getattr(letter, name) for name in ASKED} | {
        "full_text": letter.full_text or None,
        "points": list(letter.points),
        "person_hmac": person_print(person_of(letter)),
    }


def _insert_signature(session: Session, signing: Signing, *, seat: int) -> bool:
    statement = _INSERT_SIGNATURE[session.get_bind().dialect.name]
    row = fetch_first(session, statement, signing.values | {"seat": seat})
    if row is None:
        return False
    add_letters(session, signing.plan, signing.letter.letter_locale, row[0])
    return True


def add_letters(session: Session, plan: SigningPlan, locale: str, signature_id: int) -> None:
    rows = [
        {
            "signature_id": signature_id,
            "target_id": planned.target_id,
            "template_id": planned.template_id,
        }
        for planned in plan.letters[locale]
    ]
    insert_rows(session, _ADD_LETTERS, rows)


def _sign_again(session: Session, signing: Signing) -> None:
    letter = signing.letter
    newcomer = person_of(letter)
    ruling, former = Ruling.WAITING, None
    rows: list[Signature] = []
    for _ in range(_TRIES):
        rows = signatures_per_mailbox.lock_seats(
            session, signing.plan.campaign_id, signing.values["email_hmac"]
        )
        ruling, former = signatures_per_mailbox.decide_newcomer(newcomer, rows, signing.now)
        others = rows if ruling is not Ruling.RENEW else [row for row in rows if row is not former]
        if any(signed_links.matches(signing.token, row.token_digest) for row in others):
            token = signed_links.new_token()
            values = signing.values | {"token_digest": signed_links.digest_of(token)}
            signing = replace(signing, token=token, values=values)
        if ruling is Ruling.RENEW and former is not None:
            _replace_letter(session, signing, former)
            return
        if ruling is not Ruling.SIT:
            break
        if _insert_signature(
            session, signing, seat=signatures_per_mailbox.free_seat(rows) or SPARE_SEAT
        ):
            _send_link(session, signing)
            return
    _mail_refusal(session, signing, ruling, rows, former if ruling is Ruling.ALREADY else None)


def _mail_refusal(
    session: Session,
    signing: Signing,
    ruling: Ruling,
    rows: Sequence[Signature],
    counted: Signature | None,
) -> None:
    """Mail why a letter is not saved; `counted` is that of the same person which is there."""
    letter = signing.letter
    confirmed = signatures_per_mailbox.list_confirmed(rows)
    # *Send the email again*, pressed once the letter was confirmed elsewhere
    is_same = counted is not None and all(
        getattr(counted, name) == signing.values[name] for name in (*ASKED, "letter_locale")
    )
    mail = AlreadySigned(
        writer=mail_name(letter.given_name),
        letters_url=site_url(f"/{signing.locale}/my-letters"),
        why="same" if is_same else ruling.value,
        # To a mailbox that has confirmed nothing, nobody sends words through us.
        own_words=(letter.full_text or letter.own_words) if confirmed and not is_same else "",
        network_url=site_url(f"/{signing.locale}/network"),
        news=letter.consent_updates and not (counted and counted.consent_updates_at),
        network=letter.consent_network and not _is_in_network(session, signing, counted),
        **case_facts(signing.plan, signing.locale),
    )
    to, locale = letter.email, signing.locale
    mail.send(session, to=to, locale=locale, campaign_id=signing.plan.campaign_id)


def _is_in_network(session: Session, signing: Signing, counted: Signature | None) -> bool:
    """Tell whether emails about new actions come to this address, or will by the letter counted."""
    fingerprint = signing.values["email_hmac"]
    member = session.scalar(select(NetworkMember).where(NetworkMember.email_hmac == fingerprint))
    asked = counted is not None and counted.consent_network_at is not None
    if member is None or member.state is MemberState.PENDING:
        return asked
    is_same = asked or spelling(member.email or "") == spelling(signing.letter.email)
    return member.state is MemberState.ACTIVE and is_same


def _replace_letter(session: Session, signing: Signing, former: Signature) -> None:
    """Put the newest text in the place of an unconfirmed one; no old link opens it for others."""
    check_move(former.shown_state, SignatureState.PENDING)
    values, plan = signing.values, signing.plan
    is_same_person = person_of(former).name == person_of(signing.letter).name
    is_replaced = is_same_person and former.shown_state is SignatureState.PENDING
    is_same_link = signed_links.matches(signing.token, former.token_digest)
    sent = _send_link(session, signing, replaces=is_replaced and not is_same_link)
    if not is_same_person:
        # No link that was mailed for one person opens the letter of another.
        values = values | {"public_id": db.new_public_id()}
        is_withdrawn = former.shown_state is SignatureState.WITHDRAWN
        end = LinkEnd.ERASED if is_withdrawn else LinkEnd.EXPIRED
        spend_links(session, [(former.token_digest, plan.campaign_id)], end, signing.now)
    elif not sent and former.shown_state is SignatureState.PENDING:
        values = {name: value for name, value in values.items() if name != "token_digest"}
    for model in (Letter, Hold):
        session.execute(delete(model).where(model.signature_id == former.id))
    db.update_rows(session, Signature, Signature.id == former.id, **values)
    add_letters(session, plan, signing.letter.letter_locale, former.id)


def _send_link(session: Session, signing: Signing, *, replaces: bool = False) -> bool:
    mail = ConfirmLetter(
        writer=mail_name(signing.letter.given_name),
        link=letter_url(signing.locale, signing.token),
        days=current_settings().confirm_days,
        replaces=replaces,
        confirm_by=last_day_to_confirm(
            link_ends(signing.now), now=signing.now, locale=signing.locale
        ),
        news=signing.letter.consent_updates,
        network=signing.letter.consent_network,
        by_post=signing.plan.by_post,
        **case_facts(signing.plan, signing.locale),
    )
    to, locale = signing.letter.email, signing.locale
    if mail.send(session, to=to, locale=locale, campaign_id=signing.plan.campaign_id):
        return True
    queue_waiting(session, to=to, locale=locale, now=signing.now)
    return False
