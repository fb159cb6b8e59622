"""A record is corrected, added to: the old one stays in the audit, no one is mailed again."""

import io
import re
from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import clock, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, NotFound
from campaign.core.i18n import say_day
from campaign.deliveries import attachments, publish_delivery
from campaign.deliveries.correct_record import add_files, correct_visit
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.record_delivery import RecordFacts
from campaign.deliveries.recording_rules import Numbers
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Update
from campaign.models.delivery import Envelope, GateFile, GateFileKind, GateVisit
from campaign.models.staff import Role
from campaign.web.edit_conflict import mark_of
from tests.factories import post, sign_in
from tests.integration.campaigns.test_edit_conflict import list_dead_links
from tests.integration.deliveries.conftest import Record, form, photograph
from tests.integration.deliveries.test_second_attempts import Tell, tell, three

__all__ = ["tell", "three"]

PICTURE = attachments.RedrawnFile(GateFileKind.PICTURE, (b"a page",))


def facts(**changed: Any) -> RecordFacts:
    known = {
        "happened_on": clock.today("America/Toronto"),
        "happened_time": None,
        "place": "",
        "received_by": "",
        "delegates": "",
        "notes": "",
        "tracking": "",
    }
    return RecordFacts(**(known | changed))


def sent(visit: GateVisit, **changed: Any) -> dict[str, Any]:
    """What the page sends: what stands there, but for what is changed."""
    now = {name: getattr(visit, name) for name in RecordFacts.__slots__}
    typed = {name: "" if value is None else str(value) for name, value in now.items()}
    return typed | {"seen": mark_of(now)} | changed


@pytest.fixture
def visit(staff: FlaskClient, bundle: Bundle, session: Session) -> GateVisit:
    """Seven letters that went by courier, as somebody of the staff recorded it."""
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    assert post(staff, gate, form(outcome="courier", happened_time="")).status_code == 303
    session.rollback()
    recorded = session.scalars(select(GateVisit)).one()
    assert recorded.attempts[0].campaign.slug
    session.expunge_all()
    session.rollback()
    return recorded


def test_a_record_is_corrected_and_the_old_one_stays_in_the_audit(
    staff: FlaskClient, visit: GateVisit, session: Session
) -> None:
    page = f"/desk/deliveries/{visit.public_id}/correct"
    shown = staff.get(page).text
    assert "Planted Attaché" in shown
    for field in ("place", "received_by", "delegates", "notes"):
        assert re.search(rf'<(input|textarea)[^>]* dir="auto"[^>]* name="{field}"', shown)
    assert not re.search(r'<input[^>]* dir="auto"[^>]* type="(date|time)"', shown)
    yesterday = visit.happened_on - timedelta(days=1)
    changed = {
        "happened_on": yesterday.isoformat(),
        "happened_time": "09:30",
        "tracking": "CX 1",
        "received_by": "Another Attaché",
        "place": "At the side door",
    }
    assert post(staff, page, sent(visit, **changed)).status_code == 303
    kept = session.scalars(select(GateVisit)).one()
    attempt = kept.attempts[0]
    assert (kept.happened_on, kept.happened_time) == (yesterday, time(9, 30))
    assert (kept.received_by, kept.tracking) == ("Another Attaché", "CX 1")
    assert (attempt.happened_on, attempt.place) == (yesterday, "At the side door")
    assert attempt.outcome is DeliveryOutcome.COURIER
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "delivery.correct")).one()
    assert entry.subject == f"delivery:{attempt.id}"
    assert entry.detail == {
        "fields": ["happened_on", "happened_time", "place", "received_by", "tracking"],
        "happened_on_before": visit.happened_on.isoformat(),
        "happened_time_before": "",
        "place_before": "45 O'Connor Street",
        "tracking_before": "",
    }


def test_of_two_who_correct_it_the_second_sees_what_the_first_wrote(
    staff: FlaskClient, visit: GateVisit, session: Session
) -> None:
    page = f"/desk/deliveries/{visit.public_id}/correct"
    earlier = visit.happened_on - timedelta(days=1)
    first = {"notes": "The first note.", "happened_on": earlier, "happened_time": "09:05"}
    assert post(staff, page, sent(visit, **first)).status_code == 303
    second = post(staff, page, sent(visit, notes="The second note."))
    assert second.status_code == 422
    assert "The first note." in second.text
    assert "The second note." in second.text
    before, _saved_now, after = second.text.partition("Saved now")
    assert "Someone saved this page while you were editing it" in before, "why is said first"
    assert not list_dead_links(second.text)
    saved = after.split("</div>")[0]
    assert f">{say_day(earlier, 'en')}</p>" in saved
    assert ">09:05</p>" in saved
    assert earlier.isoformat() not in saved
    assert session.scalars(select(GateVisit)).one().notes == "The first note."


def test_a_day_to_come_is_refused_and_what_was_typed_stays(
    staff: FlaskClient, visit: GateVisit
) -> None:
    page = f"/desk/deliveries/{visit.public_id}/correct"
    late = (clock.today("Pacific/Kiritimati") + timedelta(days=2)).isoformat()
    answer = post(staff, page, sent(visit, happened_on=late, notes="Typed."))
    assert answer.status_code == 422
    assert "This day has not come yet where the mission is. Check the date." in answer.text
    assert "Typed." in answer.text


def test_a_record_is_not_corrected_to_before_the_freeze(visit: GateVisit, session: Session) -> None:
    early = clock.utcnow() - timedelta(days=2)
    bundle = session.scalars(select(Bundle)).one()
    bundle.created_at = early + timedelta(minutes=1)
    day, at = clock.day_of(early, bundle.zone), clock.time_of(early, bundle.zone)
    with pytest.raises(Invalid):
        correct_visit(
            session,
            session.get_one(GateVisit, visit.id),
            facts(happened_on=day, happened_time=at),
            actor="test",
        )


def test_a_colleague_adds_pictures_and_the_receipt(
    app: Flask, client: FlaskClient, visit: GateVisit, session: Session
) -> None:
    sign_in(client, app, Role.STAFF, email="second@example.org")
    page = f"/desk/deliveries/{visit.public_id}/files"
    files = {"pictures": [(photograph(), "a.jpg")], "receipt": (photograph("PNG"), "r.png")}
    assert post(client, page, files).status_code == 303
    assert post(client, page, {"pictures": [(io.BytesIO(b"no"), "no.jpg")]}).status_code == 422
    assert "Choose a picture or a receipt." in post(client, page, {}).text
    assert [file.kind.value for file in session.scalars(select(GateFile))] == ["picture", "receipt"]
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "delivery.add-files")
    ).one()
    assert entry.detail == {"pictures": 1, "files": 1}


@pytest.mark.both_engines
def test_what_is_published_is_corrected_with_the_day_of_its_post(
    three: Bundle, session: Session, record: Record, tell: Tell
) -> None:
    recorded = record(three, DeliveryOutcome.LEFT)
    assert tell() == ["first", "second", "third"]
    visit = session.get_one(GateVisit, recorded.id)
    words = publish_delivery.DeliveryPost({"en": ("Left at the door", "All of them.")})
    publish_delivery.publish(session, visit.attempts[0], visit, words, actor="test")
    yesterday = visit.happened_on - timedelta(days=1)
    correct_visit(session, visit, facts(happened_on=yesterday, place="The gate"), actor="test")
    session.commit()
    assert session.scalars(select(Update)).one().happened_on == yesterday
    assert tell() == ["first", "second", "third"], "no one is mailed a second time"


@pytest.mark.both_engines
def test_a_number_of_the_post_stands_on_its_envelope(
    bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    session.rollback()
    today: date = clock.today("America/Toronto")
    run = split_bundle.split_bundle(
        session, bundle, letters_each=1, with_letters=False, actor="test"
    )
    single, several = (
        post_envelopes(
            session, run, Posting(first, last, today), key=db.new_public_id(), actor="test"
        )
        for first, last in ((1, 1), (2, 4))
    )
    correct_visit(session, visit_of(session, single), facts(tracking="CX 1"), actor="test")
    assert session.scalars(select(Envelope.tracking).order_by(Envelope.sequence)).first() == "CX 1"
    with pytest.raises(Invalid) as refused:
        correct_visit(session, visit_of(session, several), facts(tracking="CX 2"), actor="test")
    assert refused.value.fields == {"tracking": "tracking-of-several"}


def visit_of(session: Session, attempt: DeliveryAttempt) -> GateVisit:
    return session.get_one(GateVisit, attempt.visit_id)


def test_a_record_has_so_many_pictures_and_no_more(
    bundle: Bundle, session: Session, record: Record
) -> None:
    visit_id = record(bundle, DeliveryOutcome.REFUSED).id
    session.rollback()
    visit = session.get_one(GateVisit, visit_id)
    add_files(session, visit, [PICTURE] * 24, actor="test")
    with pytest.raises(Invalid) as refused:
        add_files(session, visit, [PICTURE], actor="test")
    assert refused.value.fields == {"pictures": "pictures-full"}


def test_what_is_removed_is_not_corrected(
    app: Flask, bundle: Bundle, session: Session, record: Record, staff: FlaskClient
) -> None:
    visit = record(bundle, DeliveryOutcome.REFUSED)
    page = f"/desk/deliveries/{visit.public_id}"
    session.rollback()
    assert post(staff, f"{page}/remove").status_code == 303
    assert post(staff, f"{page}/correct", sent(visit, notes="Late.")).status_code == 404
    with app.app_context(), db.transaction() as own:
        own.add(visit)
        with pytest.raises(NotFound):
            add_files(own, visit, [PICTURE], actor="test")
    assert session.scalar(select(func.count(GateFile.id))) == 0


def test_a_file_that_the_phone_left_out_is_named_on_the_record(
    staff: FlaskClient, bundle: Bundle
) -> None:
    gate = f"/desk/bundles/{bundle.public_id}/deliver"
    answer = post(staff, gate, form(left_out="notes.docx"))
    assert (
        "We did not keep notes.docx. Only pictures can be added." in staff.get(answer.location).text
    )


def test_a_reply_that_is_logged_from_a_delivery_answers_it(
    app: Flask, client: FlaskClient, visit: GateVisit
) -> None:
    sign_in(client, app, Role.ADMIN)
    record = client.get(f"/desk/deliveries/{visit.public_id}").text
    [link] = re.findall(r'href="(/desk/replies/campaigns/[^"]+)"', record)
    page = client.get(link).text
    chosen = page.partition('name="delivery"')[2].partition("</select>")[0]
    assert 'selected value=""' not in chosen
    assert f'selected value="{visit.attempts[0].public_id}"' in chosen


def test_a_corrected_moment_counts_later_visits_anew_or_is_refused(
    bundle: Bundle, session: Session, record: Record
) -> None:
    today = clock.today("America/Toronto")
    session.expunge(bundle)
    part = record(bundle, DeliveryOutcome.PART, day=today - timedelta(days=2), taken=3)
    session.rollback()
    split_bundle.name_part(
        session,
        session.get_one(DeliveryAttempt, part.attempts[0].id),
        [Numbers(1, 3)],
        actor="test",
    )
    session.commit()
    refusal = record(bundle, DeliveryOutcome.REFUSED, day=today - timedelta(days=1))
    rest = record(bundle, DeliveryOutcome.ACCEPTED, day=today)

    def move(visit: GateVisit, days: int) -> list[int]:
        moved = facts(happened_on=today - timedelta(days=days))
        correct_visit(session, session.get_one(GateVisit, visit.id), moved, actor="test")
        counts = select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id)
        return list(session.scalars(counts))

    assert move(refusal, 3) == [3, 7, 4]
    assert move(refusal, 1) == [3, 4, 4]
    with pytest.raises(Invalid) as refused:
        move(rest, 4)
    assert refused.value.fields == {"happened_on": "more-than-were-there"}


def test_a_posting_is_not_corrected_to_before_its_letters_came_back_unless_that_is_right(
    staff: FlaskClient, bundle: Bundle, session: Session, record: Record
) -> None:
    record(bundle, DeliveryOutcome.REFUSED)
    session.rollback()
    today = clock.today("America/Toronto")
    run = split_bundle.split_bundle(
        session, bundle, letters_each=1, with_letters=False, actor="test"
    )
    attempt = post_envelopes(
        session, run, Posting(1, 2, today), key=db.new_public_id(), actor="test"
    )
    visit = visit_of(session, attempt)
    session.commit()
    page = f"/desk/deliveries/{visit.public_id}/correct"
    changed = sent(visit, happened_on=(today - timedelta(days=1)).isoformat())
    session.rollback()
    asked = post(staff, page, changed)
    assert asked.status_code == 422
    assert "The mission returned the letters after this day" in asked.text
    assert 'name="sure"' in asked.text
    assert post(staff, page, changed | {"sure": "y"}).status_code == 303
