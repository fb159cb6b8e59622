"""Scanners follow every link and change nothing; limits hold whoever asks and on every node."""

import re
from collections import Counter
from datetime import timedelta
from urllib.parse import urlsplit

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import close_app, create_app
from campaign.core import db
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.mail.sender import render
from campaign.models.network import NetworkMember
from campaign.models.signature import Signature, SignatureState
from campaign.web import security
from tests.factories import make_campaign
from tests.integration.network.conftest import FORM as NETWORK
from tests.integration.signing.conftest import FORM

pytestmark = pytest.mark.usefixtures("fresh_pages")
_OWN = re.compile("/en/(letter|my-letters|network)/")
"""Pages of one supporter; what everybody may read is looked at elsewhere."""
_COUNTERS = {"rate_limit"}
"""How often somebody looked may be counted; nothing else changes by it."""


def all_rows(session: Session) -> dict[str, list[object]]:
    """Every row of every table, as it is stored."""
    session.rollback()
    session.expire_all()
    return {
        name: sorted(repr(row) for row in session.execute(select(table)))
        for name, table in db.Base.metadata.tables.items()
        if name not in _COUNTERS
    }


def links_in_mails(session: Session, settings: Settings) -> set[str]:
    """Every address of ours that a mail names, in its text, its markup and its header."""
    links: set[str] = set()
    for mail in session.scalars(select(OutboxMail)):
        message = render(mail, settings)
        whole = f"{message['List-Unsubscribe'] or ''}\n" + "".join(
            part.get_content() for part in message.walk() if part.get_content_maintype() == "text"
        )
        links |= set(re.findall(rf"{re.escape(settings.base_url)}(/[^\s\"'<>]+)", whole))
    return links


def links_on(page: str) -> set[str]:
    """Every address of ours that a page links to."""
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    hrefs = (anchor.get("href", "") for anchor in tree.iter("a"))
    return {href.partition("#")[0] for href in hrefs if href.startswith("/")}


def crawl(client: FlaskClient, start: set[str]) -> set[str]:
    """Look at each of these pages, and at what they link to, as a scanner does."""
    seen: set[str] = set()
    for _ in range(3):
        links: set[str] = set()
        for address in sorted(start - seen):
            seen.add(address)
            assert client.head(address).status_code < 500
            page = client.get(address)
            assert page.status_code < 500, address
            if page.mimetype == "text/html":
                links |= {link for link in links_on(page.text) if _OWN.match(link)}
        start = links
    return seen


@pytest.mark.both_engines
def test_a_scanner_that_follows_every_link_changes_no_row(
    client: FlaskClient, session: Session, settings: Settings, case: str
) -> None:
    client.post(f"{case}/sign", data={**FORM, "consent_updates": "y", "consent_network": "y"})
    client.post("/en/network", data={**NETWORK, "email": "other@example.org"})
    client.post("/en/my-letters", data={"email": FORM["email"]})
    before = all_rows(session)
    seen = crawl(client, links_in_mails(session, settings))
    assert len([link for link in seen if "/letter/" in link or "/network/" in link]) >= 2
    assert all_rows(session) == before

    # Once more with a letter that is confirmed and a member who has joined.
    for address in seen:
        if re.search(r"/(letter|network/confirm)/[\w-]{20,}$", address):
            assert client.post(address).status_code in {200, 303}
    session.rollback()
    assert session.scalars(select(Signature.state)).all() == [SignatureState.CONFIRMED]
    client.post("/en/my-letters", data={"email": FORM["email"]})
    before = all_rows(session)
    seen = crawl(client, links_in_mails(session, settings))
    for deed in ("withdraw", "erase", "change"):
        assert any(urlsplit(link).path.endswith(f"/{deed}") for link in seen), deed
    assert all_rows(session) == before


def test_an_answer_takes_as_long_for_an_address_that_is_known(
    client: FlaskClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = f"/en/actions/{make_campaign(session).slug}"
    session.commit()
    monkeypatch.setattr(security, "_EVEN_SECONDS", 3600)
    waits: list[float] = []
    monkeypatch.setattr(security, "sleep", waits.append)
    for _ in ("new", "known"):
        for address, form in ((f"{case}/sign", FORM), ("/en/network", NETWORK)):
            assert client.post(address, data=form).status_code == 303
        assert client.post("/en/my-letters", data={"email": FORM["email"]}).status_code == 303
    assert len(waits) == 6
    assert all(3500 < seconds < 3600 for seconds in waits), "until a moment that is the same"


def test_so_many_mails_of_a_kind_a_day_whoever_asks(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    case = f"/en/actions/{make_campaign(session).slug}"
    session.commit()
    spellings = ("m.aelle@gmail.com", "maelle+x@gmail.com", "MAELLE@googlemail.com")
    for number in range(7):
        asker, email = {"REMOTE_ADDR": f"203.0.113.{number}"}, spellings[number % 3]
        for address, form in (
            (f"{case}/sign", {**FORM, "email": email}),
            ("/en/network", {**NETWORK, "email": email}),
            ("/en/my-letters", {"email": email}),
        ):
            answer = client.post(address, data=form, environ_base=asker)
            assert answer.status_code in {200, 303}, "nobody who asks learns of the limit"
        with app.app_context(), db.transaction() as other:  # the hour of a first link is over
            other.execute(update(NetworkMember).values(joined_at=db.utcnow() - timedelta(hours=2)))
    with app.app_context(), db.reading() as reader:
        mark = address_fingerprint("maelle@gmail.com")
        mails = reader.scalars(select(OutboxMail.kind).where(OutboxMail.recipient_hmac == mark))
        counted = Counter(mails)
    assert counted == {
        "confirm-letter": 5,
        "letters-waiting": 1,
        "network-confirm": 2,
        "my-letters": 3,
    }


@pytest.mark.both_engines
def test_two_nodes_count_against_one_limit(settings: Settings, case: str) -> None:
    strict = settings.model_copy(update={"signings_per_hour": 3})
    nodes = [create_app(strict), create_app(strict)]
    engines = {node.extensions["database"].engine for node in nodes}
    try:
        assert len(engines) == 2, "each with its own connections, as on two machines"
        answers = [
            nodes[number % 2]
            .test_client()
            .post(
                f"{case}/sign",
                data={**FORM, "email": f"p{number}@example.org"},
                environ_base={"REMOTE_ADDR": f"2001:db8:7:7::{number}"},
            )
            for number in range(5)
        ]
    finally:
        for node in nodes:
            close_app(node)
    assert [answer.status_code for answer in answers] == [303, 303, 303, 429, 429]
