"""Where a letter may be by now: what is promised to who withdraws or deletes it, on every page."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.db import new_public_id
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.signature import WITHDRAWN, Letter, Signature
from tests.days import days_ago, today
from tests.integration.tracking.conftest import Mails, sign

GONE_BY_NUMBER = "It is no longer in our hands"
IN_DOUBT = "It may already have been delivered. Then we cannot get it back."
TAKE_OUT = "It was already printed, so we told our staff to take out the sheet."
TOO_LATE = "so you can no longer withdraw it"
GONE = [
    DeliveryOutcome.ACCEPTED,
    DeliveryOutcome.LEFT,
    DeliveryOutcome.POSTED,
    DeliveryOutcome.COURIER,
]


@pytest.fixture
def bundle_id(
    session: Session, campaign: Campaign, ana: Signature, freeze: Callable[[Campaign], int]
) -> int:
    """A bundle of three: Ana's letter has number 1."""
    for name in ("omar", "zoe"):
        sign(session, campaign, email=f"{name}@example.org")
    return freeze(campaign)


@pytest.fixture
def bring(app: Flask, bundle_id: int) -> Callable[..., None]:
    """Records what came of the bundle; of a part, that one letter was accepted."""

    def record(outcome: DeliveryOutcome, day: Any = None) -> None:
        taken = 1 if outcome is DeliveryOutcome.PART else None
        with app.app_context(), db.transaction() as session:
            bundle = session.get_one(Bundle, bundle_id)
            bundle.state, bundle.created_at = BundleState.READY, db.utcnow() - timedelta(days=9)
            session.flush()
            record_delivery.record_visit(
                session,
                carried=[record_delivery.CarriedBundle(bundle, taken)],
                happened=record_delivery.VisitFacts(
                    outcome=outcome, happened_on=day or today(), place="The gate"
                ),
                key=new_public_id(),
                actor="test",
            )

    return record


def name_part(session: Session, number: int) -> None:
    """Says which letter it was that was accepted."""
    session.rollback()
    session.expire_all()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    split_bundle.name_part(session, attempt, [Numbers(number, number)], actor="test")
    session.commit()


def read(client: FlaskClient, session: Session, address: str) -> str:
    session.rollback()
    return " ".join(client.get(address).text.split())


def list_kept(page: str) -> list[str]:
    return re.findall(r"<li>(.*?)</li>", page.partition("What we keep")[2].partition("</ul>")[0])


@pytest.mark.parametrize("outcome", [None, DeliveryOutcome.REFUSED, DeliveryOutcome.PART])
def test_who_withdraws_a_printed_letter_is_promised_no_more_than_we_can_do(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    bring: Callable[..., None],
    outcome: DeliveryOutcome | None,
) -> None:
    if outcome is not None:
        bring(outcome)
    mine, link = f"{box}/{ana.public_id}", f"/en/letter/token-{ana.id}"
    asked = read(client, session, f"{mine}/withdraw")
    assert "We will not deliver" not in asked
    assert "If they are already on their way with it, it may still be delivered." in asked
    is_part = outcome is DeliveryOutcome.PART
    assert ("If it is, we cannot get it back." in asked) is is_part
    assert client.post(f"{mine}/withdraw").status_code == 303
    expected = IN_DOUBT if is_part else TAKE_OUT
    for address in (mine, link):
        page = read(client, session, address)
        assert expected in page
        assert "We will not count or deliver it" not in page
        assert TOO_LATE not in page
    page = read(client, session, mine)
    assert "We have deleted your own words. Our print files may still contain them." in page


@pytest.mark.parametrize(
    ("values", "emptied", "kept"),
    [
        ({"set_aside": WITHDRAWN, "first_page": 1}, False, True),
        ({"set_aside": WITHDRAWN, "first_page": 1}, True, False),
        ({"set_aside": WITHDRAWN, "first_page": None}, False, False),
    ],
)
def test_own_words_are_said_to_be_in_print_files_until_these_are_remade_or_deleted(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    bundle_id: int,
    values: dict[str, Any],
    emptied: bool,
    kept: bool,
) -> None:
    """Also where the sheet of a withdrawn letter was removed by hand: that changes no file."""
    mine = f"{box}/{ana.public_id}"
    assert client.post(f"{mine}/withdraw").status_code == 303
    session.rollback()
    letter = session.scalars(select(Letter).where(Letter.signature_id == ana.id)).one()
    session.execute(update(Letter).where(Letter.id == letter.id).values(**values))
    bundle = session.get_one(Bundle, bundle_id)
    bundle.emptied_at = db.utcnow() if emptied else None
    session.commit()
    page = read(client, session, mine)
    assert "We will not count or deliver it." in page
    assert "We have deleted your own words." in page
    assert ("Our print files may still contain them." in page) is kept


@pytest.mark.parametrize(
    ("named", "days", "sentence"),
    [(1, 0, GONE_BY_NUMBER), (1, 1, GONE_BY_NUMBER), (2, 0, TAKE_OUT)],
)
def test_what_was_withdrawn_while_nobody_knew_which_were_accepted_is_told_without_a_contradiction(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    bring: Callable[..., None],
    named: int,
    days: int,
    sentence: str,
) -> None:
    bring(DeliveryOutcome.PART, days_ago(days))
    mine, link = f"{box}/{ana.public_id}", f"/en/letter/token-{ana.id}"
    assert client.post(f"{mine}/withdraw").status_code == 303
    name_part(session, named)
    for address in (mine, link):
        page = read(client, session, address)
        assert sentence in page
        assert "We will not count or deliver it" not in page
        assert TOO_LATE not in page
    page = read(client, session, mine)
    assert (">Delivered<" in page) is (named == 1)
    assert "We do not know whether your letter was still with the others." not in page


@pytest.mark.parametrize(("days", "is_told"), [(1, True), (0, False)])
def test_a_refusal_is_told_of_a_letter_that_was_withdrawn_after_it_also_once_it_is_remade(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    bring: Callable[..., None],
    days: int,
    is_told: bool,
) -> None:
    mine = f"{box}/{ana.public_id}"
    assert client.post(f"{mine}/withdraw").status_code == 303
    bring(DeliveryOutcome.REFUSED, days_ago(days))
    assert (">Refused at the door<" in read(client, session, mine)) is is_told
    session.execute(update(Letter).where(Letter.sequence == 1).values(set_aside=WITHDRAWN))
    session.commit()
    assert (">Refused at the door<" in read(client, session, mine)) is is_told


def test_what_was_delivered_after_the_withdrawal_is_not_told_of_that_letter(
    client: FlaskClient, session: Session, ana: Signature, box: str, bring: Callable[..., None]
) -> None:
    mine = f"{box}/{ana.public_id}"
    client.post(f"{mine}/withdraw")
    session.rollback()
    long_ago = db.utcnow() - timedelta(days=5)
    withdrawn = Signature.withdrawn_at.is_not(None)
    session.execute(update(Signature).where(withdrawn).values(withdrawn_at=long_ago))
    session.commit()
    bring(DeliveryOutcome.ACCEPTED)
    page = read(client, session, mine)
    assert TAKE_OUT in page
    assert ">Delivered<" not in page


@pytest.mark.parametrize("outcome", GONE)
def test_a_letter_that_is_out_of_our_hands_is_not_withdrawn_and_the_page_says_so_truly(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    bring: Callable[..., None],
    outcome: DeliveryOutcome,
) -> None:
    bring(outcome)
    answer = client.post(f"{box}/{ana.public_id}/withdraw")
    assert answer.status_code == 409
    for page in (answer.text, read(client, session, f"{box}/{ana.public_id}")):
        assert f"This letter is no longer in our hands, {TOO_LATE}" in page
        assert "We have delivered this letter" not in page


@pytest.mark.parametrize("outcome", [None, DeliveryOutcome.PART, *GONE])
@pytest.mark.parametrize("withdraws", [False, True])
def test_page_last_email_and_link_of_who_deletes_a_letter_say_where_it_may_be(
    client: FlaskClient,
    session: Session,
    ana: Signature,
    box: str,
    mails: Mails,
    bring: Callable[..., None],
    outcome: DeliveryOutcome | None,
    *,
    withdraws: bool,
) -> None:
    link = f"/en/letter/token-{ana.id}"
    if withdraws:
        client.post(f"{box}/{ana.public_id}/withdraw")
        session.rollback()
    if outcome is not None:
        bring(outcome)
    page = read(client, session, f"{box}/erase")
    here = "If your letter is printed but not delivered yet, we tell our staff to take out the"
    out = "What was already delivered or sent, on a letter or on a list of names: we cannot get"
    copy = "When we deliver letters together, we keep one copy of them all."
    assert (here in page) is (outcome not in GONE or withdraws)
    assert (out in page) is (copy in page) is (outcome is not None)
    after = client.post(f"{box}/erase").location
    assert list_kept(read(client, session, after)) == list_kept(page) != []
    assert [" ".join(words.split()) for words in mails()[-1]["stays"]] == list_kept(page)
    gone = read(client, session, link)
    assert "This letter was deleted" in gone
    assert "In our records of printed letters, we keep the number" in gone
    assert (out in gone) is (copy in gone) is (outcome is not None)
