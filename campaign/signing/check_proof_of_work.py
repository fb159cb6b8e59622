"""Proof of work: in a flood, a browser computes for a second before its letter is taken.

It is asked for only while many letters come from one network or for one campaign (or always, by a
setting). People do not notice: it is done beside them while they write. Who has no script writes
all the same: a few letters from one network pass without, and all letters wait for their
confirmation anyway. The sum is ALTCHA's (PBKDF2, a counter to be
found), signed, so that nothing need be kept before it is solved; what is used once is kept.
"""

import hashlib
import secrets
import time
from datetime import UTC, datetime, timedelta

from altcha import Payload, create_challenge, verify_solution
from flask import current_app
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.rate_limits import Networks, count_from_networks
from campaign.core.settings import current_settings
from campaign.models.screening import SpentWork
from campaign.models.signature import Signature, SignatureState
from campaign.signing.campaign_terms import SigningPlan

WITHOUT = "sign-without-work"
_ALGORITHM = "PBKDF2/SHA-256"
_COST = 5_000
_FEWEST, _MORE = 300, 500
"""Counters that are tried: between so many and so many more. About a second of computing."""
_HOLDS = timedelta(hours=2)  # How long one may write with a sum that is solved
_LATELY = timedelta(minutes=10)
_REMEMBERED_SECONDS = 10  # How long a process goes by what it knows of a campaign


def is_needed(session: Session, campaign_id: int, signed_here: int) -> bool:
    """Tell whether a letter needs it now; `signed_here` were signed from its network this hour."""
    settings = current_settings()
    if settings.proof_of_work != "burst":
        return settings.proof_of_work == "always"
    return signed_here > settings.burst_per_network or _campaign_is_flooded(session, campaign_id)


def challenge(plan: SigningPlan, now: datetime) -> dict[str, object]:
    task = create_challenge(
        _ALGORITHM,
        _COST,
        counter=_FEWEST + secrets.randbelow(_MORE),
        expires_at=now + _HOLDS,
        data={"campaign": plan.slug},
        hmac_secret=_keys("challenge")[0],
        hmac_key_secret=_keys("solution")[0],
    )
    fields: dict[str, object] = task.to_dict()
    return fields


def admit(
    session: Session, plan: SigningPlan, solution: str, *, networks: Networks, signed_here: int
) -> None:
    """Let a letter pass, its solution used up if one is needed. Raises TooMany."""
    if not is_needed(session, plan.campaign_id, signed_here) or spend(session, plan, solution):
        return
    count_from_networks(
        session, WITHOUT, networks, current_settings().signings_without_work_per_hour
    )


def spend(session: Session, plan: SigningPlan, solution: str) -> bool:
    if not solution:
        return False
    keys = zip(_keys("challenge"), _keys("solution"), strict=True)
    if not any(
        verify_solution(solution, challenge, hmac_key_secret=secret).verified
        for challenge, secret in keys
    ):
        return False
    solved = Payload.from_base64(solution).challenge.parameters
    if (solved.data or {}).get("campaign") != plan.slug or solved.expires_at is None:
        return False
    nonce = hashlib.sha256(solved.nonce.encode()).digest()
    expires_at = datetime.fromtimestamp(solved.expires_at, UTC)
    return bool(db.insert_new(session, SpentWork, nonce=nonce, expires_at=expires_at))


@jobs.job("signing.forget-work", every_minutes=15)
def forget_work() -> None:
    with db.transaction() as session:
        session.execute(delete(SpentWork).where(SpentWork.expires_at < db.utcnow()))


def _campaign_is_flooded(session: Session, campaign_id: int) -> bool:
    """Tell whether unusually many unconfirmed letters of the campaign came lately.

    Looked at by each process every few seconds: a counter that every letter updates would have
    them all wait for each other.
    """
    floods: dict[int, tuple[float, bool]] = current_app.extensions.setdefault("floods", {})
    looked_at, flooded = floods.get(campaign_id, (0.0, False))
    if looked_at and time.monotonic() - looked_at < _REMEMBERED_SECONDS:
        return flooded
    most = current_settings().burst_per_campaign
    recent = (
        select(Signature.id)
        .where(
            Signature.campaign_id == campaign_id,
            Signature.state == SignatureState.PENDING,
            Signature.signed_at > db.utcnow() - _LATELY,
        )
        .limit(most + 1)
    )
    flooded = db.count_rows(session, recent) > most
    floods[campaign_id] = (time.monotonic(), flooded)
    return flooded


def _keys(purpose: str) -> list[bytes]:
    return db.database().keyring.proofs(purpose, "proof-of-work")
