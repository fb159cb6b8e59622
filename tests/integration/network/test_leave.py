"""A member's own page, leaving, and the one click of RFC 8058 as a mail provider sends it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.network import Frequency, MemberState, NetworkMember
from campaign.network import mails as network_mails
from campaign.signing.signed_links import digest_of, signed_link
from tests.days import ZONE
from tests.factories import make_campaign, make_members
from tests.integration.network.conftest import HOST, Members

PROVIDER = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def member(session: Session) -> NetworkMember:
    [joined] = make_members(session, 1)
    session.commit()
    return joined


@pytest.fixture
def own(member: NetworkMember) -> str:
    """Address of the member's page."""
    return network_mails.preferences_url(member).removeprefix(HOST)


@pytest.fixture
def one_click(member: NetworkMember) -> str:
    """The address in the header of the member's mails."""
    return network_mails.leave_url(member).removeprefix(HOST)


def test_a_member_changes_what_comes(
    client: FlaskClient, session: Session, own: str, members: Members
) -> None:
    make_campaign(session)
    session.commit()
    page = client.get(own)
    assert "member-1@example.org" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    form = {
        "frequency": "monthly",
        "country_scope": "some",
        "countries": "MX",
        "theme_scope": "all",
        "languages": "fr",
        "locale": "fr",
    }
    response = client.post(own, data=form)
    assert response.status_code == 303
    saved = client.get(response.location).text
    assert "Choices saved" in saved
    ticked = re.findall(r'<input checked [^>]*name="(\w+)"[^>]*value="([\w-]+)"', saved)
    assert set(ticked) == {
        ("frequency", "monthly"),
        ("country_scope", "some"),
        ("countries", "MX"),
        ("theme_scope", "all"),
        ("languages", "fr"),
        ("locale", "fr"),
    }
    [changed] = members()
    assert (changed.frequency, changed.countries, changed.languages, changed.locale) == (
        Frequency.MONTHLY,
        ["MX"],
        ["fr"],
        "fr",
    )
    assert client.post(own, data=form | {"locale": "xx"}).status_code == 422
    assert client.post(own, data=form, headers=PROVIDER).status_code == 403


def test_a_link_of_another_kind_or_member_opens_nothing(
    client: FlaskClient, member: NetworkMember, own: str, one_click: str
) -> None:
    header_token = one_click.rpartition("/")[2]
    proof = own.rpartition(".")[2]
    wrong = [
        header_token,
        member.public_id,
        f"{member.public_id}.",
        f"x.{proof}",
        "ü.ü",
        f"{member.public_id}.{proof[:-1]}",
        signed_link("network", "nobody"),
    ]
    for token in wrong:
        for page in (f"/en/network/{token}", f"/en/network/{token}/leave"):
            for ask in (client.get, client.post):
                response = ask(page)
                assert response.status_code == 404, page
                assert "This link does not work" in response.text
    assert client.post(f"/network/unsubscribe/{own[12:]}", data=ONE_CLICK).status_code == 404


def test_looking_never_ends_a_membership(
    client: FlaskClient, own: str, one_click: str, members: Members
) -> None:
    for address in (own, f"{own}/leave", one_click):
        for look in (client.get, client.head, client.options):
            assert look(address).status_code == 200, address
    assert "Leave the network</button>" in client.get(one_click).text
    assert members()[0].state is MemberState.ACTIVE


def test_the_button_ends_it_and_deletes_the_address(
    client: FlaskClient, own: str, members: Members
) -> None:
    before = members()[0]
    response = client.post(f"{own}/leave")
    assert response.status_code == 200
    assert "You have left the network" in response.text
    assert "Only a code made from it" in response.text
    [left] = members()
    assert (left.state, left.email) == (MemberState.LEFT, None)
    assert left.email_hmac == before.email_hmac
    assert client.get(own).status_code == 410
    assert "You have already left" in client.get(f"{own}/leave").text
    assert client.post(f"{own}/leave").status_code == 200
    assert members()[0].left_at == left.left_at


@pytest.mark.parametrize("form", ["urlencoded", "multipart"])
def test_a_mail_provider_ends_it_by_one_click(
    client: FlaskClient, one_click: str, members: Members, form: str
) -> None:
    kind = "multipart/form-data" if form == "multipart" else None
    response = client.post(one_click, data=ONE_CLICK, headers=PROVIDER, content_type=kind)
    assert response.status_code == 200
    assert "Set-Cookie" not in response.headers
    assert members()[0].state is MemberState.LEFT
    assert client.post(one_click, data=ONE_CLICK, headers=PROVIDER).status_code == 200
    assert "You have already left" in client.get(one_click).text


@pytest.mark.both_engines
def test_the_page_of_an_email_can_be_read_in_each_language_and_leaves_in_it(
    client: FlaskClient, one_click: str, members: Members
) -> None:
    address = one_click.removeprefix("https://")
    address = address[address.index("/") :]
    page = client.get(address).text
    assert 'lang="en" hreflang="en" aria-current="true"' in page
    languages = ("en", "fr", "es", "ar")
    assert re.findall(r'<li><a href="([^"]*)" lang', page) == [
        f"{address}?lang={code}" for code in languages
    ]
    for code in languages:
        assert f'<html lang="{code}"' in client.get(f"{address}?lang={code}").text
    assert '<html lang="en"' in client.get(f"{address}?lang=xx").text
    page = client.get(f"{address}?lang=fr").text
    [action] = re.findall(r'<form class="actions" method="post" action="([^"]*)"', page)
    left = client.post(action, data=ONE_CLICK).text
    assert '<html lang="fr"' in left
    assert f'<a href="{address}?lang=es" lang="es"' in left
    assert members()[0].state is MemberState.LEFT
    assert '<html lang="es"' in client.get(f"{address}?lang=es").text


@pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "no"}, {"x": "One-Click"}])
def test_a_post_that_is_not_that_click_ends_nothing(
    client: FlaskClient, one_click: str, members: Members, body: dict[str, str]
) -> None:
    assert client.post(one_click, data=body, headers=PROVIDER).status_code == 400
    for method in (client.put, client.delete):
        assert method(one_click).status_code == 405
    assert client.post("/network/unsubscribe/x.y", data=ONE_CLICK).status_code == 404
    assert members()[0].state is MemberState.ACTIVE


@pytest.mark.both_engines
def test_who_leaves_gets_neither_the_mail_that_waits_nor_the_rest_of_the_mailing(
    client: FlaskClient, session: Session, own: str, member: NetworkMember
) -> None:
    first, second = (make_campaign(session, opened_at=LONG_AGO) for _ in range(2))
    session.commit()
    jobs.run_now("network.announce", first.id)
    jobs.run_now("network.sweep")
    client.post(f"{own}/leave")
    jobs.run_now("network.announce", second.id)
    jobs.run_now("network.sweep")
    session.rollback()
    [mail] = session.scalars(select(OutboxMail))
    assert (mail.state, mail.failure) == (MailState.FAILED, "left the network")
    assert (mail.recipient, mail.context) == (None, None)


def test_who_has_left_can_join_again_and_old_links_stay_dead(
    app: Flask,
    client: FlaskClient,
    session: Session,
    own: str,
    members: Members,
    mails: Callable[[], list[dict[str, str]]],
) -> None:
    client.post(f"{own}/leave")
    form = {
        "email": "member-1@example.org",
        "frequency": "weekly",
        "country_scope": "all",
        "theme_scope": "all",
        "consent": "y",
    }
    client.post("/en/network", data=form)
    assert members()[0].state is MemberState.PENDING
    assert client.get(own).status_code == 404
    client.post(mails()[-1]["link"].removeprefix(HOST))
    [back] = members()
    assert (back.state, back.frequency, back.left_at) == (
        MemberState.ACTIVE,
        Frequency.WEEKLY,
        None,
    )
    assert back.confirmed_at is not None
    assert back.confirmed_at >= clock.keep_day(db.utcnow() - timedelta(minutes=1), ZONE)
    assert client.get(own).status_code == 404
    with app.app_context():
        new = network_mails.preferences_url(back).removeprefix(HOST)
    assert client.get(new).status_code == 200


def test_the_link_to_ones_page_expires_and_the_one_to_leave_does_not(
    client: FlaskClient, own: str, member: NetworkMember, one_click: str
) -> None:
    now = int(db.utcnow().timestamp())
    ends = int(own.split(".")[1])
    assert 0 <= now + 90 * 86400 - ends < 60
    kind = network_mails.kind_of_preferences(member)
    for ends, status in ((now + 60, 200), (now - 1, 410)):
        own = f"/en/network/{signed_link(kind, f'{member.public_id}.{ends}')}"
        answer = client.get(own)
        assert answer.status_code == status
    assert "This link has expired" in answer.text
    assert "member-1@example.org" not in answer.text
    assert client.post(own, data={"frequency": "weekly"}).status_code == 410
    assert client.post(f"{own}/links").status_code == 410
    assert client.post(one_click, data=ONE_CLICK).status_code == 200


def test_a_link_whose_end_was_moved_opens_nothing(client: FlaskClient, own: str) -> None:
    head, ends, proof = own.rsplit(".", 2)
    assert client.get(f"{head}.{int(ends) + 86400}.{proof}").status_code == 404


@pytest.mark.both_engines
def test_a_member_revokes_the_links_that_are_about(
    client: FlaskClient, own: str, one_click: str
) -> None:
    assert "Turn off older links" in client.get(own).text
    assert client.get(f"{own}/links").status_code == 405
    answer = client.post(f"{own}/links")
    assert answer.status_code == 303
    page = client.get(answer.location)
    assert "Older links no longer work" in page.text
    for ask in (client.get, client.post):
        assert ask(own).status_code == 404
        assert ask(f"{own}/leave").status_code == 404
    assert client.post(f"{own}/links").status_code == 404
    assert client.get(one_click).status_code == 200, "who gets mail can always leave"


def test_a_link_in_a_mail_from_before_links_expired_lets_leave_and_nothing_else(
    client: FlaskClient, member: NetworkMember, members: Members
) -> None:
    old = f"/en/network/{signed_link('network', member.public_id)}"
    assert client.get(old).status_code == 404
    assert client.get(f"{old}/leave").status_code == 200
    assert client.post(f"{old}/leave").status_code == 200
    assert members()[0].state is MemberState.LEFT


@pytest.mark.both_engines
def test_the_link_that_confirmed_leads_on_for_its_days_alone(
    client: FlaskClient, session: Session, member: NetworkMember
) -> None:
    member.token_digest = digest_of("a-token")
    member.token_expires_at = db.utcnow() + timedelta(days=1)
    session.commit()
    assert "Change what you get" in client.get("/en/network/confirm/a-token").text
    member.token_expires_at = db.utcnow() - timedelta(days=1)
    session.commit()
    for ask in (client.get, client.post):
        page = ask("/en/network/confirm/a-token")
        assert "You are in the network" in page.text
        assert "Change what you get" not in page.text
