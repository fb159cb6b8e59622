"""What a supporter is told at the places where a trial found words missing or untrue."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature
from campaign.tracking import change_or_withdraw
from tests.factories import add_confirmed, make_campaign
from tests.integration.signing.conftest import FORM

Mails = Callable[[], list[dict[str, Any]]]


def sign(client: FlaskClient, case: str, **values: str) -> None:
    assert client.post(f"{case}/sign", data={**FORM, **values}).status_code == 303


def test_the_page_you_says_when_two_may_share_a_mailbox(client: FlaskClient, case: str) -> None:
    you = client.post(f"{case}/you", data=FORM).text
    assert "the second may need the postal code that the first gave." in you


@pytest.mark.parametrize("other", [{"given_name": "José"}, {"family_name": "Roy"}])
def test_a_withdrawn_letter_stays_and_says_so_when_another_of_the_mailbox_signs(
    client: FlaskClient,
    session: Session,
    case: str,
    mails: Mails,
    signatures: Callable[[], Any],
    other: dict[str, str],
) -> None:
    sign(client, case)
    link = mails()[-1]["link"]
    assert client.post(link).status_code == 303
    first = session.scalars(select(Signature)).one()
    change_or_withdraw.withdraw_letter(session, first, db.utcnow())
    session.commit()
    sign(client, case, **other)
    second = mails()[-1]
    assert second["kind"] == "confirm-letter"
    assert client.post(second["link"]).status_code == 303
    states = {(each.given_name, each.family_name): each.state.value for each in signatures()}
    name = tuple((FORM | other)[part] for part in ("given_name", "family_name"))
    assert states == {("Maëlle", "Tremblay"): "withdrawn", name: "confirmed"}
    page = client.get(link)
    assert "This letter was withdrawn" in page.text
    assert "This link has expired" not in page.text
    # Their own name again, and their own letter is the newest.
    sign(client, case)
    assert client.post(mails()[-1]["link"]).status_code == 303
    assert [each.state.value for each in signatures()] == ["confirmed", "confirmed"]


def test_before_signing_a_mistyped_domain_is_asked_about(client: FlaskClient, case: str) -> None:
    page = client.post(f"{case}/check", data={**FORM, "email": "maelle@gmial.com"}).text
    assert "Did you mean <bdi>maelle@gmail.com</bdi>?" in page
    assert "Did you mean" not in client.post(f"{case}/check", data=FORM).text


@pytest.mark.parametrize("step", ["sent"])
def test_the_page_after_signing_names_no_address_that_it_was_not_given(
    client: FlaskClient, case: str, step: str
) -> None:
    page = client.get(f"{case}/{step}").text
    assert re.search(r"<p data-mailbox hidden>.*<bdi data-address></bdi>", page)
    assert f'<a href="{case}/write">Wrong address? Sign again with the right one.</a>' in page
    shown = client.post(f"{case}/check", data=FORM).text
    assert f"<dd><bdi>{FORM['email']}</bdi></dd>" in shown


@pytest.mark.both_engines
def test_back_after_signing_says_what_is_true_of_who_signed_and_who_did_not(
    client: FlaskClient, case: str
) -> None:
    page = client.get(f"{case}/check?again").text
    assert "If you have signed, check your inbox" in page
    assert "If you have not, we kept nothing" in page


def test_a_page_in_a_language_without_a_letter_says_so(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, letter_locales=["en"])
    session.commit()
    sentence = "This letter is not available in"
    assert sentence not in client.get(f"/en/actions/{campaign.slug}/write").text
    page = client.get(f"/ar/actions/{campaign.slug}/write").text
    assert page.count('class="hint"') > 0
    assert sentence in page or "هذه الرسالة غير متاحة" in page


def test_who_came_and_went_is_in_the_next_count(session: Session) -> None:
    campaign = make_campaign(session)
    early = db.utcnow() - timedelta(hours=1)
    gone, stays = add_confirmed(session, campaign, 2)
    for signature in (gone, stays):
        signature.confirmed_at = early
    session.flush()
    public_counts.recount(session, campaign)
    session.flush()
    later = db.utcnow() + timedelta(seconds=5)
    change_or_withdraw.withdraw_letter(session, gone, later)
    public_counts.recount(session, campaign)
    assert public_counts.last_count(session, session.get_one(Campaign, campaign.id))[1] == 1


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_mail_to_confirm_does_not_promise_to_be_the_last(
    client: FlaskClient, case: str, mails: Mails, lang: str
) -> None:
    address = case.replace("/en/", f"/{lang}/")
    sign(client, address)
    page = client.get(mails()[-1]["link"]).text
    assert "you get no more mail" not in page


def test_my_letters_asks_for_the_address_and_confirms_nothing(client: FlaskClient) -> None:
    page = client.post("/en/my-letters", data={"email": ""}).text
    assert "Enter the email address you signed with." in page
    assert "confirms your letter" not in page
