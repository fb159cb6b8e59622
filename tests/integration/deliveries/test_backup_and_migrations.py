"""A visit in a backup, in the audit, and on the way back through the migrations."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.core import audit, db
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome, TakenLetters
from campaign.models.delivery import GateVisit
from campaign.models.staff import Role
from campaign.storage import Storage
from campaign.storage.places import LocalPlace
from tests.factories import post, sign_in
from tests.integration.commands.conftest import empty_again
from tests.integration.deliveries.conftest import Record, form


def test_a_backup_brings_a_visit_back_with_its_time_of_day(
    app: Flask, bundle: Bundle, session: Session, staff: FlaskClient, tmp_path: Path
) -> None:
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    assert post(staff, gate, form(happened_time="00:01")).status_code == 303
    session.close()
    database, storage = app.extensions["database"], app.extensions["storage"]
    backup_archive.back_up(database, storage, tmp_path / "backup.zip")
    empty_again(app)
    elsewhere = Storage(LocalPlace(tmp_path / "other"), database.keyring, tmp_path / "scratch")
    backup_archive.restore(
        database, elsewhere, tmp_path / "backup.zip", Accepted(unknown_anchor=True)
    )
    with app.app_context(), db.transaction() as fresh:
        visit = fresh.scalars(select(GateVisit)).one()
        assert visit.happened_time is not None
        assert visit.happened_time.minute == 1
        assert visit.received_by == "Planted Attaché"


def test_the_audit_names_a_delivery_and_leads_to_it(
    app: Flask, client: FlaskClient, bundle: Bundle, record: Record, session: Session
) -> None:
    visit = record(bundle, DeliveryOutcome.REFUSED)
    session.rollback()
    public_id = visit.attempts[0].public_id
    sign_in(client, app, Role.ADMIN)
    page = client.get("/desk/audit").text
    address = f"/desk/deliveries/attempts/{public_id}"
    assert address in page
    assert client.get(address).location.endswith(f"/desk/deliveries/{visit.public_id}")


@pytest.mark.both_engines
def test_migrations_go_back_with_what_older_tables_can_hold(
    app: Flask, bundle: Bundle, record: Record, session: Session
) -> None:
    session.expunge(bundle)
    session.rollback()
    for place, taken in (("front", [(1, 2)]), ("back", [(4, 4), (6, 6)])):
        attempt_id = record(bundle, DeliveryOutcome.PART, taken=2, place=place).attempts[0].id
        attempt = session.get_one(DeliveryAttempt, attempt_id)
        attempt.taken = [
            TakenLetters(first_number=first, last_number=last) for first, last in taken
        ]
        session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0018")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT taken_from, taken_to FROM delivery_attempt")).all()
        assert sorted(rows, key=str) == [(1, 2), (None, None)], "several spans are to be said again"
    migrations.upgrade(engine, "0021")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT first_number, last_number FROM taken_letters")).all()
        assert [tuple(row) for row in rows] == [(1, 2)]
    migrations.downgrade(engine, "0010")
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT outcome, messages FROM delivery_attempt")).all()
        assert [tuple(row) for row in rows] == [("accepted", 2)] * 2
    migrations.upgrade(engine)
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT outcome, visit_id FROM delivery_attempt")).all()
        assert [tuple(row) for row in rows] == [("accepted", None)] * 2


@pytest.mark.both_engines
def test_what_was_removed_by_hand_is_brought_over_from_the_audit(
    app: Flask, bundle: Bundle, record: Record, session: Session
) -> None:
    session.expunge(bundle)
    session.rollback()
    ids = [
        record(bundle, DeliveryOutcome.UNOPENED, place=place).attempts[0].id
        for place in ("front", "back", "side")
    ]
    session.rollback()
    # An earlier entry is of a deleted record, whose id another got; the last record is deleted.
    for ident, numbers in ((ids[0], "00001"), (ids[1], "00002"), (ids[2] + 7, "00005")):
        audit.record(session, "test", "delivery.record", f"delivery:{ident}", by_hand=numbers)
    audit.record(session, "test", "delivery.record", f"delivery:{ids[0]}", messages=7)
    subject = f"delivery:{ids[1]}"
    audit.record(session, "test", "delivery.record", subject, by_hand="00003,P00002")
    audit.record(session, "test", "delivery.correct", subject, by_hand="00004")
    session.commit()
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, "0066")
    migrations.upgrade(engine)
    kept = dict(session.execute(select(DeliveryAttempt.id, DeliveryAttempt.by_hand)).all())
    assert kept == {ids[0]: [], ids[1]: ["00003", "P00002"], ids[2]: []}
    outcomes = session.scalars(select(DeliveryAttempt.outcome)).all()
    assert outcomes == [DeliveryOutcome.REFUSED] * 3, "what an older version knows of"
