"""Pages that show who supporters are leave a line in the audit: one an hour, person and thing."""

from datetime import timedelta
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import audit, db
from campaign.core.audit import AuditEntry
from campaign.models.paper_signature import PaperSheet, SheetKind
from campaign.models.screening import Hold, Invalidation, InvalidationState
from campaign.models.signature import SignatureState
from campaign.models.staff import Role
from campaign.signing.checks.conditions import Conditions
from tests.days import today
from tests.factories import STAFF_PASSWORD, add_confirmed, make_campaign, post, sign_in


@pytest.fixture
def sheet(session: Session) -> str:
    """Address of a sheet without rows."""
    campaign = make_campaign(session)
    sheet = PaperSheet(
        campaign_id=campaign.id, kind=SheetKind.SHEET, collected_on=today(), country="CA"
    )
    session.add(sheet)
    session.commit()
    return f"/desk/paper/{sheet.public_id}"


def looks(session: Session) -> list[tuple[str, str]]:
    session.rollback()
    query = select(AuditEntry.actor, AuditEntry.subject).where(AuditEntry.action.like("%.look"))
    rows = [(row.actor, row.subject) for row in session.execute(query.order_by(AuditEntry.id))]
    session.rollback()
    return rows


def test_a_sheet_that_is_looked_at_is_noted_once_an_hour_for_each_person(
    app: Flask, client: FlaskClient, session: Session, sheet: str
) -> None:
    me, other = sign_in(client, app, Role.STAFF), app.test_client()
    for _ in range(3):
        assert client.get(sheet).status_code == 200
    assert looks(session) == [(f"staff:{me.id}", "paper-sheet:1")]
    second = sign_in(other, app, Role.STAFF)
    other.get(sheet)
    assert looks(session)[1:] == [(f"staff:{second.id}", "paper-sheet:1")]
    with app.app_context(), db.reading() as reading:
        assert list(audit.check(reading)) == []


def test_after_an_hour_it_is_noted_anew(
    app: Flask, client: FlaskClient, session: Session, sheet: str
) -> None:
    me = sign_in(client, app, Role.STAFF)
    last = audit.head(session)
    session.add(
        AuditEntry(
            at=db.utcnow() - timedelta(minutes=61),
            actor=f"staff:{me.id}",
            action="paper.look",
            subject="paper-sheet:1",
            detail={},
            previous=last.digest,
            digest=b"\1" * 32,
        )
    )
    session.commit()
    client.get(sheet)
    assert len(looks(session)) == 2


def let_proof_grow_old(client: FlaskClient) -> None:
    with client.session_transaction() as cookie:
        cookie["fs_paa"] = (db.utcnow() - timedelta(minutes=59)).timestamp()


def test_the_first_look_in_an_hour_wants_fresh_proof_and_the_next_ones_do_not(
    app: Flask, client: FlaskClient, session: Session, sheet: str
) -> None:
    me = sign_in(client, app, Role.STAFF)
    let_proof_grow_old(client)
    asked = client.get(f"{sheet}?from=0")
    assert (asked.status_code, looks(session)) == (302, [])
    assert asked.location == f"/desk/confirm?next={quote(sheet)}?from%3D0"
    with client.session_transaction() as cookie:
        cookie["fs_paa"] = db.utcnow().timestamp()
    assert client.get(sheet).status_code == 200
    let_proof_grow_old(client)
    assert client.get(sheet).status_code == 200
    assert looks(session) == [(f"staff:{me.id}", "paper-sheet:1")]


def test_what_a_dry_run_found_is_noted_and_wants_fresh_proof(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    me = sign_in(client, app, Role.STAFF)
    conditions = Conditions(name="Ana").to_json()
    invalidation = Invalidation(
        conditions=conditions,
        reason="",
        created_by_id=me.id,
        created_at=db.utcnow(),
        worked_at=db.utcnow(),
        last_id=0,
        state=InvalidationState.COUNTED,
    )
    session.add(invalidation)
    session.commit()
    page = f"/desk/screening/invalidations/{invalidation.public_id}"
    let_proof_grow_old(client)
    for address in (page, f"{page}/progress"):
        assert client.get(address).location.startswith("/desk/confirm?next=")
    with client.session_transaction() as cookie:
        cookie["fs_paa"] = db.utcnow().timestamp()
    assert client.get(page).status_code == 200
    assert looks(session) == [(f"staff:{me.id}", "invalidation:1")]


def test_a_form_that_is_refused_shows_nobody_unasked(
    app: Flask, client: FlaskClient, session: Session, sheet: str
) -> None:
    """Its page shows rows as well; what was typed goes on with the answer."""
    me = sign_in(client, app, Role.STAFF, password=True)
    invalidation = Invalidation(
        conditions=Conditions(name="Ana").to_json(),
        reason="",
        created_by_id=me.id,
        created_at=db.utcnow(),
        worked_at=db.utcnow(),
        last_id=0,
        state=InvalidationState.COUNTED,
    )
    session.add(invalidation)
    session.commit()
    run = f"/desk/screening/invalidations/{invalidation.public_id}/run"
    for address, typed in ((sheet, {"given_name-0": "Ana-typed"}), (run, {"reason": ""})):
        let_proof_grow_old(client)
        asked = post(client, address, typed)
        assert (asked.status_code, 'name="proof"' in asked.text) == (403, True)
    assert looks(session) == []
    answer = {"given_name-0": "Ana-typed", "proof": STAFF_PASSWORD}
    page = post(client, sheet, answer)
    assert page.status_code == 422
    assert "Ana-typed" in page.text
    assert looks(session) == [(f"staff:{me.id}", "paper-sheet:1")]
    assert post(client, run, {"reason": ""}).status_code == 422, "now it is known who it is"
    assert len(looks(session)) == 2


def test_held_letters_that_are_looked_at_are_noted(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    signature = add_confirmed(session, campaign, 1, state=SignatureState.HELD)[0]
    session.add(Hold(signature_id=signature.id, campaign_id=campaign.id, reasons=["x"]))
    session.commit()
    me = sign_in(client, app, Role.STAFF)
    assert client.get("/desk/screening/").status_code == 200
    assert looks(session) == [(f"staff:{me.id}", "campaign:1")]
