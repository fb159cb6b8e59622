"""How often somebody may try a password.

Tries are counted per account *and* network address, together: who guesses at an account from one
place is stopped there, while its owner signs in from another, and neighbours sign in to theirs.
An account that does not exist is counted like one that does.
"""

from flask import request
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.email_addresses import canonical_email
from campaign.web.security import count_against_limit, forget_count, network_of

TRIES_PER_HOUR = 10
_WHAT = "sign-in"


def count_try(email: str) -> None:
    """Count a try before the password is looked at; raises TooMany beyond the limit.

    In a transaction of its own, as a refused sign-in commits nothing: call it before the
    request's session is used, which would hold SQLite's one write lock.
    """
    with db.transaction() as unit:
        count_against_limit(unit, _WHAT, _place(email), TRIES_PER_HOUR)


def forgive_tries(unit: Session, email: str) -> None:
    """Forget the tries of somebody who then knew the password."""
    forget_count(unit, _WHAT, _place(email))


def _place(email: str) -> str:
    return f"{canonical_email(email)}|{network_of(request.remote_addr or '')}"
