"""Fifty at one record at once: recorded, corrected and published once. First the race is shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.deliveries.correct_record import facts_of
from campaign.models.bundle import Bundle, DeliveryOutcome
from campaign.models.campaign import Update
from campaign.models.delivery import GateVisit
from campaign.web.edit_conflict import mark_of
from tests.factories import csrf_token, post
from tests.integration.deliveries.conftest import Record, form

MANY, AT_ONCE = 50, 10
"""Tries, and connections that are open at a time; PostgreSQL's pool has twenty."""


@pytest.mark.both_engines
def test_who_looks_and_then_writes_loses_what_another_wrote_in_between(
    app: Flask, bundle: Bundle, session: Session, record: Record
) -> None:
    """What the lock and the mark are for: both see the record as it was, both write."""
    visit_id = record(bundle, DeliveryOutcome.REFUSED).id
    session.rollback()
    both_have_looked = Barrier(2)

    def look_then_write(place: str) -> bool:
        with app.app_context():
            with db.reading() as own:
                seen = mark_of(facts_of(own.get_one(GateVisit, visit_id)).as_data())
            both_have_looked.wait(timeout=30)
            with db.transaction() as own:
                change = text("UPDATE gate_visit SET place = :place WHERE id = :id")
                own.execute(change, {"place": place, "id": visit_id})
            return bool(seen)

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(look_then_write, ("one", "two"))) == [True, True]
    assert session.get_one(GateVisit, visit_id).place in {"one", "two"}, "the other is lost"


@pytest.mark.both_engines
def test_fifty_who_record_correct_and_publish_do_each_once(
    app: Flask, staff: FlaskClient, bundle: Bundle, session: Session
) -> None:
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    sent = form(outcome="left", happened_time="")
    session.rollback()
    assert post(staff, gate, sent).status_code == 303
    visit = session.scalars(select(GateVisit)).one()
    seen = facts_of(visit).as_data()
    typed = {name: "" if value is None else str(value) for name, value in seen.items()}
    yesterday = visit.happened_on - timedelta(days=1)
    typed |= {"seen": mark_of(seen), "happened_on": yesterday.isoformat()}
    attempt_id, visit_id = visit.attempts[0].public_id, visit.public_id
    session.rollback()
    token, cookie = csrf_token(staff), staff.get_cookie("session")
    assert cookie is not None
    deeds = {
        "record": (gate, sent),
        "correct": (f"/desk/deliveries/{visit_id}/correct", typed),
        "publish": (
            f"/desk/deliveries/attempts/{attempt_id}/publish",
            {"title_en": "Left at the door", "body_en": "All of them."},
        ),
    }

    def do(number: int) -> tuple[str, int]:
        name = list(deeds)[number % 3]
        url, data = deeds[name]
        client = app.test_client()
        client.set_cookie("session", cookie.value)
        words = {"place": f"Gate {number}"} if name == "correct" else {}
        answer = client.post(url, data=data | words | {"csrf_token": token})
        return name, answer.status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(do, range(MANY)))
    done = {name: [code for deed, code in answers if deed == name] for name in deeds}
    assert set(done["record"]) == {303}, "each is told that it is recorded"
    assert sorted(done["correct"]) == [303] + [422] * (len(done["correct"]) - 1)
    assert sorted(done["publish"]) == [303] + [422] * (len(done["publish"]) - 1)
    kept = session.scalars(select(GateVisit)).one()
    [attempt] = kept.attempts
    update = session.scalars(select(Update)).one()
    assert attempt.update_id == update.id
    assert kept.happened_on == attempt.happened_on == update.happened_on == yesterday
    assert kept.place == attempt.place
    assert kept.place.startswith("Gate ")
