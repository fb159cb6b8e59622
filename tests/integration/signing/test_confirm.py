"""The link in the mail: looking changes nothing, the button confirms, and once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import clock, db, jobs
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from tests.days import days_ago
from tests.factories import add_confirmed
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def link(client: FlaskClient, case: str, mails: Mails) -> str:
    """Address of a letter that waits for its confirmation."""
    client.post(f"{case}/sign", data=FORM)
    return str(mails()[0]["link"]).removeprefix("http://127.0.0.1:5000")


def state(session: Session) -> SignatureState:
    session.rollback()
    [signature] = session.query(Signature).all()
    session.refresh(signature)
    return signature.state


def test_looking_never_confirms(client: FlaskClient, link: str, session: Session) -> None:
    for _ in range(3):
        page = client.get(link)
        assert page.status_code == 200
        assert client.head(link).status_code == 200
        assert client.options(link).status_code == 200
    assert "Confirm this letter" in page.text
    assert state(session) is SignatureState.PENDING


def test_the_button_confirms_and_leads_to_the_thanks(
    client: FlaskClient, link: str, session: Session
) -> None:
    response = client.post(link)
    assert (response.status_code, response.location) == (303, link)
    assert state(session) is SignatureState.CONFIRMED
    page = client.get(link).text
    assert "Thank you. Your letter is confirmed." in page
    assert "1 person has written" in page
    assert f"{link}/letter.pdf" in page


def test_a_second_click_says_already_confirmed(
    client: FlaskClient, link: str, session: Session
) -> None:
    client.post(link)
    before = session.query(Signature).one().confirmed_at
    again = client.post(link)
    assert again.status_code == 200
    assert "You have already confirmed this letter" in again.text
    session.rollback()
    assert session.query(Signature).one().confirmed_at == before


def test_a_letter_counts_once_though_another_was_withdrawn_before_the_next_count(
    client: FlaskClient, link: str, session: Session
) -> None:
    campaign = session.query(Campaign).one()
    other, _ = add_confirmed(session, campaign, 2)
    session.commit()
    jobs.run_now("campaigns.count")
    client.post(link)
    assert "3 people have written" in client.get(link).text
    other.state = SignatureState.WITHDRAWN
    session.commit()
    jobs.run_now("campaigns.count")
    assert "2 people have written" in client.get(link).text


def version_on(page: str) -> str:
    return page.partition('name="version" value="')[2].partition('"')[0]


@pytest.mark.parametrize("by", ["link", "my letters"])
def test_words_that_somebody_puts_in_the_place_of_those_on_the_page_are_not_confirmed(
    client: FlaskClient, case: str, mails: Mails, session: Session, by: str
) -> None:
    """Once a mailbox has had its emails of a day, the next signing brings no new link."""
    for _ in range(5):
        client.post(f"{case}/sign", data=FORM)
    if by == "link":
        page = confirm = mails()[4]["link"].removeprefix("http://127.0.0.1:5000")
    else:
        client.post("/en/my-letters", data={"email": FORM["email"]})
        link = mails()[-1]["link"].removeprefix("http://127.0.0.1:5000")
        page = f"{link}/{session.query(Signature).one().public_id}"
        confirm = f"{page}/confirm"
    shown = client.get(page).text
    assert "I write because I care." in shown
    client.post(f"{case}/sign", data=FORM | {"own_words": "Something that I never wrote."})
    answer = client.post(confirm, data={"version": version_on(shown)})
    assert (answer.status_code, answer.location) == (303, f"{page}?replaced=1")
    assert state(session) is SignatureState.PENDING
    shown = client.get(answer.location).text
    assert "Someone signed again with this name and address" in shown
    assert "Something that I never wrote." in shown
    assert client.post(confirm, data={"version": version_on(shown)}).status_code == 303
    assert state(session) is SignatureState.CONFIRMED


@pytest.mark.parametrize("words", ["", "I write because I care."])
def test_whose_letter_has_words_of_its_own_sees_them_before_the_button(
    client: FlaskClient, case: str, mails: Mails, words: str
) -> None:
    client.post(f"{case}/sign", data=FORM | {"own_words": words})
    link = mails()[0]["link"].removeprefix("http://127.0.0.1:5000")
    assert ('<details class="fold" open>' in client.get(link).text) == bool(words)


def test_pages_with_a_letter_are_kept_by_nobody(client: FlaskClient, link: str) -> None:
    before, again = client.get(link), client.post(link)
    after, pdf = client.get(link), client.get(f"{link}/letter.pdf")
    for response in (before, after, pdf):
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
    assert again.status_code == 303


def test_an_expired_link_leads_to_signing_again(
    client: FlaskClient, link: str, case: str, session: Session
) -> None:
    session.execute(update(Signature).values(token_expires_at=db.utcnow() - timedelta(minutes=1)))
    session.commit()
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 410
        assert f'href="{case}"' in response.text
        assert "Write again" in response.text
    assert state(session) is SignatureState.PENDING
    client.post(f"{case}/sign", data=FORM)
    assert state(session) is SignatureState.PENDING


def test_a_link_holds_for_seven_days(client: FlaskClient, link: str, session: Session) -> None:
    signature = session.query(Signature).one()
    assert signature.token_expires_at == signature.signed_at + timedelta(days=7)


@pytest.mark.parametrize("token", ["x", "a" * 32, "a" * 5000, "%2e%2e", "ü"])
def test_an_unknown_link_says_what_to_do(
    client: FlaskClient, campaign: Campaign, token: str
) -> None:
    for response in (client.get(f"/en/letter/{token}"), client.post(f"/en/letter/{token}")):
        assert response.status_code == 404
        assert "This link does not open a letter" in response.text


@pytest.mark.parametrize(
    ("new", "sentence"),
    [
        (SignatureState.WITHDRAWN, "This letter was withdrawn"),
        (SignatureState.ERASED, "This letter was deleted"),
        (SignatureState.INVALID, "This letter is no longer here"),
        (SignatureState.REJECTED, "Do you have a question about it? Write to <a"),
    ],
)
def test_a_letter_that_was_taken_back_says_so(
    client: FlaskClient, link: str, session: Session, new: SignatureState, sentence: str
) -> None:
    session.execute(update(Signature).values(state=new))
    session.commit()
    for response in (client.get(link), client.post(link), client.get(f"{link}/letter.pdf")):
        assert response.status_code == 410
        assert sentence in response.text
    assert state(session) is new


@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_a_campaign_that_ended_in_between_takes_no_letter(
    client: FlaskClient, link: str, session: Session, campaign: Campaign, end: Callable[..., None]
) -> None:
    end(
        session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Amara Okafor is safe."}
    )
    session.commit()
    ends = clock.day_of(session.query(Signature).one().token_expires_at, campaign.timezone)
    deleted = f"delete it on {ends.day} {ends:%B} {ends.year}."
    printed = (
        "We will not print your letter."
        if end is stop_campaign
        else "We will print your letter only if we open the action again and you confirm it."
    )
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 409
        assert "Amara Okafor is safe." in response.text
        assert printed in response.text
        assert deleted in response.text
        assert "came too late" not in response.text
    assert state(session) is SignatureState.PENDING


@pytest.mark.parametrize("way", ["expired", "deleted", "withdrawn"])
@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_a_link_that_is_over_asks_for_no_letter_that_is_not_taken(
    client: FlaskClient,
    link: str,
    session: Session,
    campaign: Campaign,
    way: str,
    end: Callable[..., None],
) -> None:
    over = {"token_expires_at": db.utcnow() - timedelta(minutes=1)}
    gone = {"state": SignatureState.WITHDRAWN} if way == "withdrawn" else over
    session.execute(update(Signature).values(**gone))
    session.commit()
    if way == "deleted":
        jobs.run_now("signing.expire")
    assert "again" in client.get(link).text
    end(session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Amara asked us to."})
    session.commit()
    page = client.get(link)
    assert page.status_code == 410
    assert "You can no longer write for this action" in page.text
    assert "Amara asked us to." in page.text
    assert "again" not in page.text


def stop(session: Session, campaign: Campaign) -> None:
    stop_campaign(
        session, campaign, actor="command", now=db.utcnow(), reasons={"en": "Amara asked us to."}
    )
    session.commit()


def test_after_a_stop_a_confirmed_letter_is_not_handed_over(
    client: FlaskClient, link: str, session: Session, campaign: Campaign
) -> None:
    client.post(link)
    stop(session, campaign)
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 200
        assert "This action has been stopped" in response.text
        assert "We will not print or deliver yours" in response.text
        assert "Amara asked us to." in response.text
        assert "next bundle" not in response.text
        assert "letter.pdf" not in response.text
    pdf = client.get(f"{link}/letter.pdf")
    assert (pdf.status_code, pdf.mimetype) == (409, "text/html")
    assert "We will not deliver any more letters." in pdf.text
    assert "Amara asked us to." in pdf.text
    assert "came too late" not in pdf.text
    assert pdf.headers["Cache-Control"] == "no-store"


def test_a_letter_signed_in_time_can_be_confirmed_after_the_last_day(
    client: FlaskClient, link: str, session: Session, campaign: Campaign
) -> None:
    campaign.act_by = days_ago(3)
    session.commit()
    assert client.post(link).status_code == 303


def test_there_is_no_pdf_before_the_letter_is_confirmed(client: FlaskClient, link: str) -> None:
    pdf = client.get(f"{link}/letter.pdf")
    assert (pdf.status_code, pdf.location) == (303, link)


def test_the_button_of_another_site_does_not_confirm(
    client: FlaskClient, link: str, session: Session
) -> None:
    assert client.post(link, headers={"Origin": "https://evil.example"}).status_code == 403
    assert state(session) is SignatureState.PENDING
