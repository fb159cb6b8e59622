"""A form of the desk about a thing that a colleague has deleted: its answer has what was typed."""

import gc
import re
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from campaign.models.staff import Role
from campaign.replies import replies
from tests.factories import csrf_token, make_campaign, post, sign_in
from tests.integration.campaigns.test_edit_conflict import read_form
from tests.integration.replies.test_replies import make_reply
from tests.integration.web.test_routes import _plausible, _roles, _rules

WORDS = "Words of a morning\nin two lines, « Élue & menacée »"
TYPED = {"note": WORDS, "seen": "6f1ed002ab5595859014ebf0"}
ANSWERS_ITSELF = {"screening.decide": 409}
"""Says what became of the letter, beside the reason that was typed: screening/test_queue.py."""


def _forms(app: Flask) -> list[Rule]:
    return [
        rule
        for rule in _rules(app)
        if "POST" in (rule.methods or ())
        if rule.arguments - (rule.defaults or {}).keys()
        if _roles(app, rule.endpoint) is not None
    ]


def test_no_form_about_a_thing_that_is_gone_loses_what_was_typed(
    app: Flask, client: FlaskClient
) -> None:
    sign_in(client, app, Role.ADMIN)
    posted = TYPED | {"csrf_token": csrf_token(client)}
    lost = {}
    for rule in _forms(app):
        address = app.url_map.bind("").build(rule.endpoint, _plausible(rule))
        answer = client.post(address, data=posted)
        body = unescape(answer.text)
        status = ANSWERS_ITSELF.get(rule.endpoint, 404)
        marks = [body.split("<main")[-1].count(posted[name]) for name in ("seen", "csrf_token")]
        if answer.status_code != status or WORDS not in body or any(marks):
            lost[rule.endpoint] = answer.status_code
    assert lost == {}


def test_what_was_typed_has_its_labels_and_the_list_is_one_step_away(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    reply = make_reply(session, make_campaign(session))
    session.commit()
    address = f"/desk/replies/{reply.public_id}"
    form = read_form(client.get(address).text)
    form |= {"text": "What they\nwrote.", "channel": "email", "received_on": "2026-03-02"}
    replies.delete_reply(session, reply, actor="test")
    session.commit()
    answer = post(client, address, form)
    assert answer.status_code == 404
    assert answer.headers["Cache-Control"] == "no-store"
    fields = r"<label [^>]*>([^<]*)</label>\s*<textarea [^>]*>([^<]*)</textarea>"
    shown = dict(re.findall(fields, answer.text))
    assert shown["Text of the reply"] == "What they\nwrote."
    assert (shown["How it came"], shown["Day"]) == ("Email", "2026-03-02")
    assert form["seen"] not in answer.text
    assert 'href="/desk/replies/"' in answer.text
    assert "This was deleted after you opened the page" in answer.text
    gone = client.get(address).text
    assert "Page not found" in gone
    assert 'href="/desk/today"' in gone


def test_words_of_several_languages_are_told_apart(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/officials/new")
    gc.collect()  # the form's class, made for the languages of that page, is used by nobody now
    answer = post(client, "/desk/officials/nobody", read_form(page.text) | {"office_fr": "Maire"})
    assert answer.status_code == 404
    assert ">Office (French)</label>" in answer.text


def test_no_secret_is_shown(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    typed = {"key": "a key of theirs", "list_name": "The list"}
    answer = post(client, "/desk/crm/connections/1/key", typed)
    assert ("a key of theirs" in answer.text, "The list" in answer.text) == (False, True)
