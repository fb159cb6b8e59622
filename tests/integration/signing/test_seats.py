"""The rows of a mailbox hold all that the rules on it read."""

from collections.abc import Callable, Sequence

import pytest
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.models.signature import Signature, SignatureState
from campaign.signing import signatures_per_mailbox
from campaign.signing.person_fingerprint import person_of
from campaign.signing.signatures_per_mailbox import Ruling, decide_newcomer
from tests.factories import add_confirmed, make_campaign


def _lock(session: Session, signature: Signature) -> Sequence[Signature]:
    campaign_id, email_hmac = signature.campaign_id, signature.email_hmac
    return signatures_per_mailbox.lock_seats(session, campaign_id, email_hmac)


@pytest.mark.parametrize("read", [_lock, signatures_per_mailbox.list_seats])
def test_the_rules_ask_nothing_more_of_the_database(
    session: Session, read: Callable[[Session, Signature], Sequence[Signature]]
) -> None:
    [left] = add_confirmed(session, make_campaign(session), 1, state=SignatureState.WITHDRAWN)
    session.commit()
    session.refresh(left)
    rows = read(session, left)
    session.expunge_all()
    assert decide_newcomer(person_of(left), rows, db.utcnow()) == (Ruling.RENEW, left)
