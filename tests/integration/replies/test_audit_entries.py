"""Deeds on a reply, done by its page, leave their entries in the audit."""

import io
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.models.staff import Role
from tests.factories import make_campaign, post, sign_in
from tests.integration.replies.test_replies import make_reply


@pytest.fixture
def reply_url(client: FlaskClient, app: Flask, session: Session) -> str:
    """Address of a draft of a reply, with an organizer signed in who may see it."""
    reply = make_reply(session, make_campaign(session))
    url = f"/desk/replies/{reply.public_id}"
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    return url


def last_deed(session: Session) -> str:
    session.rollback()
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    return entry.action


def test_a_draft_is_worked_over(client: FlaskClient, session: Session, reply_url: str) -> None:
    typed = {
        "received_on": "2026-11-02",
        "channel": "email",
        "language": "es",
        "who": "",
        "text": "Tomamos nota.",
        "title_en": "An answer",
    }
    assert post(client, reply_url, typed | {"received_on": "31 February"}).status_code == 422
    assert post(client, reply_url, typed).location == reply_url
    assert last_deed(session) == "reply.edit"
    assert "Tomamos nota." in client.get(reply_url).text
    assert post(client, reply_url, typed | {"then": "publish"}).location == f"{reply_url}/publish"


@pytest.mark.both_engines
def test_the_pdf_of_its_scan_asks_who_one_is_leaves_a_line_and_can_be_removed(
    client: FlaskClient, session: Session, reply_url: str
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PDF")
    typed = {
        "received_on": "2026-11-02",
        "channel": "email",
        "language": "es",
        "who": "",
        "text": "Tomamos nota.",
        "title_en": "An answer",
    }
    scan = {"scan": (io.BytesIO(out.getvalue()), "x.pdf")}
    assert post(client, reply_url, typed | scan).status_code == 303
    (download,) = re.findall(r'action="([^"]+/download)"', client.get(reply_url).text)
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60
    asked = post(client, download)
    assert asked.location.startswith("/desk/confirm?next=")
    assert b"%PDF" not in asked.data
    with client.session_transaction() as cookie:
        cookie["fs_paa"] += 16 * 60
    assert post(client, download).data == out.getvalue()
    assert last_deed(session) == "scan.download"
    assert post(client, download.replace("/download", "/remove")).status_code == 303
    assert last_deed(session) == "scan.remove"
    assert "/download" not in client.get(reply_url).text
