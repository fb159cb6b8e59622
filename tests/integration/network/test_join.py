"""Joining: nothing by looking, the same answer for everybody, and consent as it stood."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from campaign.core import clock, db, jobs
from campaign.core.rate_limits import count_against_limit
from campaign.models.network import Frequency, MemberState, NetworkMember
from campaign.models.signature import ExactTimes, SignatureState
from campaign.network.pages import JOINS_PER_HOUR
from tests.factories import add_confirmed, make_campaign, make_members
from tests.integration.network.conftest import FORM, HOST, Mails, Members


def link_of(mails: Mails) -> str:
    return str(mails()[-1]["link"]).removeprefix(HOST)


@pytest.mark.both_engines
def test_somebody_joins_with_what_they_chose(
    client: FlaskClient, session: Session, mails: Mails, members: Members
) -> None:
    make_campaign(session)
    session.commit()
    page = client.get("/fr/network")
    assert page.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in page.headers
    chosen = {
        "country_scope": "some",
        "countries": "MX",
        "theme_scope": "some",
        "themes": ["women", "torture"],
        "languages": ["es"],
        "frequency": "weekly",
    }
    response = client.post("/fr/network", data=FORM | chosen)
    assert (response.status_code, response.location) == (303, "/fr/network/sent")
    assert client.get(response.location).status_code == 200
    [member] = members()
    assert (member.state, member.locale, member.email) == (
        MemberState.PENDING,
        "fr",
        "maelle@example.org",
    )
    assert (member.countries, member.themes) == (["MX"], ["women", "torture"])
    assert (member.languages, member.frequency) == (["es"], Frequency.WEEKLY)
    assert member.consent_wording
    assert member.consent_wording in page.text.replace("&#39;", "'")
    [mail] = mails()
    assert (mail["kind"], mail["to"], mail["locale"]) == (
        "network-confirm",
        "maelle@example.org",
        "fr",
    )
    asked = client.get(link_of(mails)).text
    assert re.search(r">\s*Espagnol\s*<", asked)
    assert re.search(r">\s*Français\s*<", asked)


def test_a_mistyped_domain_is_asked_about_once(client: FlaskClient, members: Members) -> None:
    typed = FORM | {"email": "maelle@gmial.com"}
    page = client.post("/en/network", data=typed).text
    assert "Did you mean <bdi>maelle@gmail.com</bdi>?" in page
    assert 'value="maelle@gmial.com"' in page
    assert members() == []
    asked = typed | {"asked_about": "maelle@gmial.com"}
    assert client.post("/en/network", data=asked).status_code == 303
    assert client.post("/en/network", data=typed | {"use_meant": "1"}).status_code == 303
    assert [member.email for member in members()] == ["maelle@gmial.com", "maelle@gmail.com"]


def test_only_the_button_confirms_and_it_does_so_once(
    client: FlaskClient, mails: Mails, members: Members
) -> None:
    client.post("/en/network", data=FORM)
    link = link_of(mails)
    for look in (client.get, client.head, client.options):
        assert look(link).status_code == 200
    assert members()[0].state is MemberState.PENDING
    response = client.post(link)
    assert (response.status_code, response.location) == (303, link)
    [member] = members()
    assert member.state is MemberState.ACTIVE
    assert "You are in the network" in client.get(link).text
    again = client.post(link)
    assert again.status_code == 200
    assert "You are already in the network" in again.text
    assert members()[0].confirmed_at == member.confirmed_at


def test_a_token_is_stored_only_as_a_digest(app: Flask, client: FlaskClient, mails: Mails) -> None:
    client.post("/en/network", data=FORM)
    token = link_of(mails).rpartition("/")[2]
    with app.extensions["database"].engine.connect() as connection:
        row = connection.exec_driver_sql("SELECT * FROM network_member").one()
    stored = b"".join(
        bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
        for value in row
    )
    assert token.encode() not in stored
    assert b"maelle" not in stored


def test_a_link_that_expired_or_never_was_says_what_to_do(
    client: FlaskClient, session: Session, mails: Mails, members: Members
) -> None:
    client.post("/en/network", data=FORM)
    link = link_of(mails)
    session.execute(
        update(NetworkMember).values(token_expires_at=db.utcnow() - timedelta(minutes=1))
    )
    session.commit()
    for response in (client.get(link), client.post(link)):
        assert response.status_code == 410
        assert "This link has expired" in response.text
        assert 'href="/en/network"' in response.text
    for token in ("x", "a" * 32, "a" * 5000, "ü"):
        for response in (client.get, client.post):
            page = response(f"/en/network/confirm/{token}")
            assert page.status_code == 404
            assert "This link does not work" in page.text
    assert members()[0].state is MemberState.PENDING


def test_a_known_address_gets_the_same_answer_and_the_truth_by_mail(
    client: FlaskClient, session: Session, mails: Mails, members: Members
) -> None:
    new = client.post("/en/network", data=FORM)
    client.post(link_of(mails))
    known = client.post(
        "/en/network", data=FORM | {"email": "Maelle+x@Example.org", "frequency": "monthly"}
    )
    assert (new.status_code, new.headers["Location"], new.data) == (
        known.status_code,
        known.headers["Location"],
        known.data,
    )
    [member] = members()
    assert (member.state, member.frequency) == (MemberState.ACTIVE, Frequency.EACH)
    told = mails()[-1]
    assert (told["kind"], told["to"]) == ("network-already", "maelle@example.org")
    page = client.get(told["preferences_url"].removeprefix(HOST))
    assert page.status_code == 200


@pytest.mark.both_engines
def test_who_asks_twice_within_the_hour_has_the_newest_wish_by_the_first_link(
    client: FlaskClient, mails: Mails, members: Members
) -> None:
    for _ in range(7):
        assert client.post("/en/network", data=FORM).status_code == 303
    client.post("/en/network", data=FORM | {"frequency": "monthly"})
    assert len(mails()) == 1
    assert client.post(link_of(mails)).status_code == 303
    [member] = members()
    assert (member.state, member.frequency) == (MemberState.ACTIVE, Frequency.MONTHLY)


def test_wishes_that_somebody_puts_in_the_place_of_those_on_the_page_are_not_confirmed(
    client: FlaskClient, mails: Mails, members: Members
) -> None:
    client.post("/en/network", data=FORM)
    link = link_of(mails)
    shown = client.get(link).text
    assert "Each action as it opens" in shown
    seen = {"version": re.findall('name="version" value="([0-9a-f]+)"', shown)[0]}
    client.post("/ar/network", data=FORM | {"frequency": "monthly", "themes": "women"})
    answer = client.post(link, data=seen, follow_redirects=True)
    assert members()[0].state is MemberState.PENDING
    assert "These choices were changed after you opened this page" in answer.text
    assert "At most once a month" in answer.text
    assert "Arabic" in answer.text
    seen = {"version": re.findall('name="version" value="([0-9a-f]+)"', answer.text)[0]}
    assert client.post(link, data=seen).status_code == 303
    assert members()[0].state is MemberState.ACTIVE


def test_who_asks_again_later_gets_a_new_link_and_no_more_than_two_a_day(
    client: FlaskClient, session: Session, mails: Mails, members: Members
) -> None:
    client.post("/en/network", data=FORM)
    old = link_of(mails)
    for number in range(3):
        earlier = db.utcnow() - timedelta(hours=2)
        session.execute(update(NetworkMember).values(joined_at=earlier))
        session.commit()
        client.post("/en/network", data=FORM | {"locale": "en", "frequency": "monthly"})
        assert len(mails()) == 2, number
    assert client.post(old).status_code == 404
    assert client.post(link_of(mails)).status_code == 303
    assert members()[0].frequency is Frequency.MONTHLY


def test_one_network_asks_for_so_many_memberships_an_hour(
    app: Flask, client: FlaskClient, members: Members
) -> None:
    with app.app_context(), db.transaction() as session:
        for _ in range(JOINS_PER_HOUR):
            count_against_limit(session, "network-join", "127.0.0.1", JOINS_PER_HOUR)
    response = client.post("/en/network", data=FORM)
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) > 0
    assert members() == []


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"email": ""}, "Enter your email address."),
        ({"email": "maelle"}, "Enter a complete email address"),
        ({"email": "maelle@example.org\r\nBcc: spy@example.org"}, "a complete email address"),
        ({"consent": ""}, "Tick this box to join"),
        ({"frequency": "hourly"}, "Choose how often"),
        ({"country_scope": "some"}, "Choose at least one country"),
        (
            {"country_scope": "some", "countries": "XX"},
            "One of your choices is no longer available",
        ),
        (
            {"theme_scope": "some", "themes": "weather"},
            "One of your choices is no longer available",
        ),
        ({"languages": "tlh"}, "One of your choices is no longer available"),
    ],
)
def test_what_cannot_be_taken_is_said_by_its_field(
    client: FlaskClient, session: Session, members: Members, typed: dict[str, str], sentence: str
) -> None:
    make_campaign(session)
    session.commit()
    response = client.post("/en/network", data=FORM | typed)
    assert response.status_code == 422
    assert sentence in response.text
    assert members() == []


def test_a_form_from_another_site_is_refused(client: FlaskClient, members: Members) -> None:
    headers = {"Origin": "https://evil.example"}
    assert client.post("/en/network", data=FORM, headers=headers).status_code == 403
    assert members() == []


def test_what_nobody_confirmed_is_deleted_and_who_had_left_has_left_still(
    client: FlaskClient, session: Session, members: Members
) -> None:
    [left] = make_members(session, 1, state=MemberState.LEFT, left_at=db.utcnow())
    left.email = None
    session.commit()
    client.post("/en/network", data=FORM)
    client.post("/en/network", data=FORM | {"email": "member-1@example.org"})
    assert {member.state for member in members()} == {MemberState.PENDING}
    session.execute(
        update(NetworkMember).values(token_expires_at=db.utcnow() - timedelta(minutes=1))
    )
    session.commit()
    jobs.run_now("network.forget-unconfirmed")
    [only] = members()
    assert (only.id, only.state, only.email) == (left.id, MemberState.LEFT, None)


def test_a_signer_who_asked_joins_with_the_confirmed_letter(
    app: Flask, client: FlaskClient, session: Session, members: Members, mails: Mails
) -> None:
    campaign = make_campaign(session)
    session.commit()
    form = {
        "given_name": "Noor",
        "email": "noor@example.org",
        "locality": "Ottawa",
        "postal_code": "K1A 0A1",
        "region": "ON",
        "country": "CA",
        "disclosure": "name",
        "letter_locale": "en",
        "consent_network": "y",
        "family_name": "Haddad",
    }
    assert client.post(f"/fr/actions/{campaign.slug}/sign", data=form).status_code == 303
    client.post(link_of(mails))
    huey = app.extensions["queue"].huey
    while (task := huey.dequeue()) is not None:
        huey.execute(task)
    [member] = members()
    assert (member.state, member.email, member.locale, member.frequency) == (
        MemberState.ACTIVE,
        "noor@example.org",
        "fr",
        Frequency.EACH,
    )
    assert "action urgente" in member.consent_wording
    assert "network-confirm" not in {mail["kind"] for mail in mails()}


def test_only_a_newer_consent_brings_back_who_has_left(session: Session, members: Members) -> None:
    [signature] = add_confirmed(session, make_campaign(session), 1)
    now = db.utcnow()
    signature.consent_network_at = now - timedelta(days=1)
    signature.token_digest = b"x" * 32
    [member] = make_members(
        session, 1, email_hmac=signature.email_hmac, state=MemberState.LEFT, email=None, left_at=now
    )
    session.commit()
    for job in (("network.join-signer", signature.id), ("network.sweep",)):
        jobs.run_now(*job)
        assert members()[0].state is MemberState.LEFT
    member.left_at = now - timedelta(days=2)
    session.commit()
    jobs.run_now("network.sweep")
    [back] = members()
    assert (back.state, back.email) == (MemberState.ACTIVE, signature.email)
    assert back.left_at == now - timedelta(days=2)  # should it turn out that nobody asked


@pytest.mark.both_engines
def test_who_left_in_the_morning_and_signed_at_noon_is_back_though_the_message_was_lost(
    session: Session, members: Members
) -> None:
    [signature] = add_confirmed(session, make_campaign(session), 1)
    signature.token_digest, signature.consent_network_at = b"x" * 32, db.utcnow()
    noon = clock.cut_to_day(db.utcnow(), "UTC") - timedelta(hours=12)
    for name, value in ExactTimes(noon, noon).cut("UTC").items():
        setattr(signature, name, value)
    [member] = make_members(
        session,
        1,
        email_hmac=signature.email_hmac,
        state=MemberState.LEFT,
        email=None,
        left_at=noon + timedelta(hours=1),
    )
    session.commit()
    jobs.run_now("network.sweep")
    assert members()[0].state is MemberState.LEFT
    member.left_at = noon - timedelta(hours=1)
    session.commit()
    jobs.run_now("network.sweep")
    assert members()[0].state is MemberState.ACTIVE


def test_letters_invented_for_a_rehearsal_make_no_members(
    session: Session, members: Members
) -> None:
    add_confirmed(session, make_campaign(session), 3, consent_network_at=db.utcnow())
    session.commit()
    jobs.run_now("network.sweep")
    assert members() == []


@pytest.mark.parametrize("state", [SignatureState.PENDING, SignatureState.WITHDRAWN])
def test_no_letter_no_membership(session: Session, members: Members, state: SignatureState) -> None:
    [signature] = add_confirmed(session, make_campaign(session), 1, state=state)
    signature.consent_network_at = db.utcnow()
    session.commit()
    jobs.run_now("network.join-signer", signature.id)
    assert members() == []


def test_a_planted_address_stands_in_no_log_and_no_message_of_the_queue(
    app: Flask, client: FlaskClient, session: Session, mails: Mails
) -> None:
    campaign = make_campaign(session)
    session.commit()
    client.post("/en/network", data=FORM | {"email": "planted-name@example.org"})
    client.post(link_of(mails))
    jobs.run_now("network.announce", campaign.id)
    session.execute(text("UPDATE network_member SET email = :junk"), {"junk": b"\1" * 40})
    session.commit()
    waiting = b"".join(app.extensions["queue"].huey.storage.enqueued_items())
    assert b"network.send" in waiting
    with capture_logs() as events:
        jobs.run_now("network.sweep")
    logged = str(events)
    assert "address cannot be opened" in logged
    assert "planted-name" not in logged
    assert b"planted-name" not in waiting
