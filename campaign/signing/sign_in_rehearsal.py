"""Signing in rehearsal: by the team, before the campaign opens, on pages of the desk.

All is as it will be but for what would reach anybody: no mail goes out, the address that was typed
is not kept, and the letter is confirmed at once. It is wiped when the campaign opens.
"""

from datetime import datetime
from functools import lru_cache
from secrets import token_hex

from flask import g, has_request_context
from flask_babel import gettext
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from campaign.campaigns import rehearsal
from campaign.core import db
from campaign.core.errors import Refused
from campaign.core.i18n import force_locale
from campaign.models.campaign import Campaign
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.signing import confirm_letter, sign, signed_links
from campaign.signing.campaign_terms import SigningPlan
from campaign.signing.consents import wording_id
from campaign.signing.validate import SignedForm


def is_rehearsing() -> bool:
    return has_request_context() and bool(g.get("rehearsal"))


def page_mark() -> str:
    return gettext("Rehearsal") if is_rehearsing() else ""


@lru_cache(maxsize=64)
def rehearsal_mark(locale: str) -> str:
    with force_locale(locale):
        return gettext("Rehearsal")


def count_rehearsed(session: Session, campaign: Campaign) -> dict[SignatureState, int]:
    rows = session.execute(
        select(Signature.state, func.count())
        .where(Signature.campaign_id == campaign.id)
        .group_by(Signature.state)
    )
    return dict(rows.all())


def sign_in_rehearsal(
    session: Session,
    campaign: Campaign,
    *,
    plan: SigningPlan,
    letter: SignedForm,
    locale: str,
    actor: str,
    now: datetime,
) -> Signature:
    """Take a letter and confirm it at once. Raises Refused (`rehearsal-over`, `rehearsal-full`)."""
    rehearsal.take_part(session, campaign, actor=actor)
    if sum(count_rehearsed(session, campaign).values()) >= rehearsal.MOST_SIGNATURES:
        raise Refused("rehearsal-full")
    token = signed_links.new_token()
    email = f"rehearsal-{token_hex(8)}@example.org"
    fingerprint = db.database().keyring.fingerprint(email, "email")
    values = sign.columns_of(letter) | {
        **sign.initial_columns(token, now),
        "email": email,
        "email_hmac": fingerprint,
        "seat": 1,
        "campaign_id": campaign.id,
        "locale": locale,
        "consent_wording_id": wording_id(session, locale, cards=campaign.cards),
    }
    added = session.execute(insert(Signature).values(**values).returning(Signature.id))
    sign.add_letters(session, plan, letter.letter_locale, added.scalar_one())
    signature, _first = confirm_letter.confirm(session, token=token, now=now)
    return signature


def remove_signatures(session: Session, campaign: Campaign) -> None:
    mine = select(Signature.id).where(Signature.campaign_id == campaign.id)
    session.execute(delete(Letter).where(Letter.signature_id.in_(mine)))
    session.execute(delete(Signature).where(Signature.campaign_id == campaign.id))
