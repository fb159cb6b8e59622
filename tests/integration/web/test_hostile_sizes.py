"""Half a megabyte from a stranger, in any field, is less than a second of work."""

import re
from functools import partial
from itertools import product
from pathlib import Path
from urllib.parse import urlsplit

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.core import db
from campaign.core.settings import Settings, load_settings
from campaign.models.staff import Role
from campaign.staff import second_factor
from campaign.staff.passwords import create_password_link
from campaign.web.security import MAX_BODY_BYTES
from tests.deadlines import seconds_of
from tests.factories import STAFF_PASSWORD, make_campaign, make_staff_user, post
from tests.integration.network.conftest import FORM as NETWORK
from tests.integration.signing.conftest import FORM
from tests.integration.web.test_routes import PUBLIC_BLUEPRINTS
from tests.integration.web.test_trust_links_and_limits import crawl, links_in_mails

HOSTILE = {
    "marks": "e" + "\u0301\u0316" * 120_000,
    "lines": "\n" * 500_000,
    "an address": "a@" + "b." * 240_000 + "é",
    "brackets": "((" * 240_000,
}
assert max(len(text.encode()) for text in HOSTILE.values()) < MAX_BODY_BYTES
_ALONE = {"email", "given_name", "own_words", "password"}
"""Fields that are sent whole; the others share the half megabyte."""
_AS_SIGN = {"check", "preview.pdf"}
"""Steps that judge the form as `sign` does: they get all fields at once, and none alone."""


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Limits that let every request through to its form."""
    limits = {"burst_per_network": 100_000, "signings_per_hour": 100_000, "links_per_hour": 100_000}
    previews = {"previews_per_hour": 100_000, "live_previews_per_hour": 100_000}
    return load_settings(instance=tmp_path, database_url=database_url, **limits, **previews)


SIGNING = {
    *FORM,
    "consent_network",
    "consent_updates",
    "full_text",
    "move",
    "order",
    "rewrite",
    "source",
    "work",
}
"""What the pages of one letter send each other."""


ELSEWHERE = {
    "network.confirm_now",
    "network_unsubscribe.leave",
    "privacy.confirm_mine",
    "tracking.change_held",  # the form of `tracking.change`
    "tracking.confirm",
    "tracking.delete_not_mine",
    "tracking.news_off",
    "tracking_news_off.end",
}
"""Buttons, without a field, of letters and members that wait."""
_OF_PROGRAMS = {
    "bounces.receive",
    "osdi.add_person",
    "osdi.record_signature",
    "osdi.record_signature_helper",
}
"""Read nothing before a proof: tests/integration/api/test_osdi.py, mail/test_bounce_webhooks.py."""


def _own_forms(
    client: FlaskClient, session: Session, settings: Settings, case: str
) -> dict[str, set[str]]:
    """Forms of the pages that links in emails open, with the names of their fields."""
    client.post(f"{case}/sign", data={**FORM, "consent_updates": "y"})
    client.post("/en/network", data={**NETWORK, "email": "other@example.org"})
    for address in links_in_mails(session, settings):
        if re.search(r"/(letter|network/confirm)/[\w-]{20,}$", address):
            client.post(address)
    client.post("/en/my-letters", data={"email": FORM["email"]})
    session.rollback()  # it would not see what was written since
    forms: dict[str, set[str]] = {}
    for address in crawl(client, links_in_mails(session, settings)):
        page = client.get(address)
        if page.mimetype == "text/html":
            forms |= _forms_on(page.text, address)
    return forms


def _forms_on(page: str, address: str) -> dict[str, set[str]]:
    tree = html5lib.parse(page, treebuilder="etree", namespaceHTMLElements=False)
    return {
        form.get("action") or address: {
            name for part in form.iter() if (name := part.get("name")) and name != "csrf_token"
        }
        for form in tree.iter("form")
        if form.get("method") == "post"
    }


@pytest.mark.usefixtures("fresh_pages")
def test_half_a_megabyte_from_a_stranger(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    case = f"/en/actions/{make_campaign(session).slug}"
    user = make_staff_user(session, Role.STAFF, email="noor@example.org", password=True)
    user.totp_secret, user.totp_since = second_factor.create_secret(session), db.utcnow()
    link = urlsplit(create_password_link(user)).path
    session.commit()
    data = {"email": user.email, "password": STAFF_PASSWORD}
    assert post(client, "/desk/sign-in", data).location.startswith("/desk/sign-in/code")
    forms = _own_forms(client, session, settings, case)
    assert {"own_words", "given_name"} <= set().union(*forms.values()), "no letter to change"
    for step in ("write", "preview", "you", "check", "sign", "preview.pdf"):
        forms[f"{case}/{step}"] = SIGNING
    for address in ("/en/network", "/en/my-letters", "/desk/sign-in", "/desk/sign-in/code", link):
        forms |= _forms_on(client.get(address).text, address)
    answers: list[TestResponse] = []

    def send(path: str, data: dict[str, str]) -> None:
        answers.append(post(client, path, data, content_type="multipart/form-data"))

    slow, unread = {}, set()
    for (path, names), (kind, text) in product(forms.items(), HOSTILE.items()):
        if not names:
            continue  # a button: it would end the letter or the membership
        part = text[: len(text) // len(names)]
        alone = set() if path.rpartition("/")[2] in _AS_SIGN else names & _ALONE
        for data in (dict.fromkeys(names, part), *({name: text} for name in alone)):
            spent = seconds_of(partial(send, path, data))
            assert answers[-1].status_code < 500
            if answers[-1].status_code in {400, 403, 404, 405, 413, 429}:
                unread.add(path)
            if spent > 1:
                slow[f"{kind} in {path} {sorted(data)}"] = round(spent, 2)
    assert slow == {}
    assert unread == set(), "it was refused before it was read"
    known = {app.url_map.bind("").match(urlsplit(path).path, "POST")[0] for path in forms}
    assert known | ELSEWHERE | _OF_PROGRAMS == _public_endpoints(app)


def _public_endpoints(app: Flask) -> set[str]:
    return {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or ()) and rule.endpoint.partition(".")[0] in PUBLIC_BLUEPRINTS
    }
