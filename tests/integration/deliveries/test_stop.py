"""A stop reaches who holds paper, and what was handed over all the same is recorded as it was."""

import json
from collections.abc import Callable
from datetime import time, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from campaign.core import clock, db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.remaining_letters import count_paper
from campaign.deliveries.stopped_bundles import StaffStopped, StoppedBundle, lies_here, record_fate
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit, HeldBundle, PaperFate
from campaign.models.directory import Mission
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of
from tests.days import days_ago, today
from tests.factories import make_staff_user, post, sign_in
from tests.integration.deliveries.conftest import Record, form, let_go
from tests.integration.deliveries.test_envelopes import envelopes, posting

Stop = Callable[[], None]


@pytest.fixture
def loose(session: Session, bundle: Bundle) -> Bundle:
    """The bundle as it is now: to name it begins no transaction."""
    assert bundle.campaign.timezone
    return let_go(session, bundle)


def mailed(session: Session) -> list[str]:
    session.rollback()
    mails = select(OutboxMail).where(OutboxMail.kind == "staff-stopped").order_by(OutboxMail.id)
    return [str(mail.recipient) for mail in session.scalars(mails)]


@pytest.fixture
def crew(session: Session) -> None:
    """One of each role, and one of the staff whose account is closed."""
    for role in Role:
        make_staff_user(session, role, email=f"{role.value}@example.org")
    make_staff_user(session, Role.STAFF, email="gone@example.org").active = False
    session.commit()


@pytest.mark.both_engines
@pytest.mark.usefixtures("crew")
def test_who_may_carry_is_mailed_of_a_stop_once(
    session: Session, loose: Bundle, stop: Stop
) -> None:
    stop()
    campaign_id = loose.campaign_id
    jobs.run_now("deliveries.campaign-stopped", campaign_id)
    jobs.run_now("deliveries.find-stops")
    assert mailed(session) == ["staff@example.org", "admin@example.org"]
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-stopped")).first()
    assert mail is not None
    assert [bundle["name"] for bundle in json.loads(mail.context)["bundles"]] == ["UA 1/26 · 001"]


def test_the_mail_of_a_stop_has_each_bundle_on_a_line_of_its_own(
    app: Flask, session: Session, settings: Settings
) -> None:
    embassy: StoppedBundle = {
        "name": "UA 1/26 · 001",
        "mission": "Embassy",
        "by_post": False,
        "printed_again": True,
        "only_sheets": False,
        "only_lists": False,
    }
    office = embassy | {"name": "UA 1/26 · 002", "by_post": True, "printed_again": False}
    sheets = office | {"name": "UA 1/26 · 003", "only_sheets": True}
    lists = sheets | {"name": "UA 1/26 · 004", "only_lists": True}
    bundles = [embassy, office, sheets, lists]
    mail = StaffStopped(reference="UA 1/26", bundles=bundles, link="https://x.example/")
    with app.app_context():
        mail.send(session, to="staff@example.org", locale="en")
        session.flush()
        row = session.scalars(select(OutboxMail)).one()
        plain = render(row, settings).get_body(("plain",))
    assert plain is not None
    lines = (
        "- UA 1/26 · 001, Embassy (the first sheets of letters that were printed again)",
        "- UA 1/26 · 002, by post to Embassy",
        "- UA 1/26 · 003, by post to Embassy (only signature sheets and lists)",
        "- UA 1/26 · 004, by post to Embassy (only signature lists)",
    )
    assert "printed:\n\n" + "\n".join(lines) + "\n\nDestroy the paper" in plain.get_content()


def test_a_mail_of_a_stop_that_waited_for_the_upgrade_still_goes_out(
    app: Flask, session: Session, settings: Settings
) -> None:
    old = {"name": "UA 1/26 · 001", "mission": "Embassy"}
    context = {"reference": "UA 1/26", "bundles": [old], "link": "https://x.example/"}
    with app.app_context():
        row = OutboxMail(kind="staff-stopped", locale="en", context=json.dumps(context))
        row.public_id, row.recipient = "x", "staff@example.org"
        plain = render(row, settings).get_body(("plain",))
    assert plain is not None
    assert "\n- UA 1/26 · 001, Embassy\n" in plain.get_content()


@pytest.mark.both_engines
@pytest.mark.usefixtures("crew")
def test_a_stop_whose_message_was_lost_is_found(
    session: Session, loose: Bundle, stop: Stop
) -> None:
    stop()
    jobs.run_now("deliveries.find-stops")
    assert len(mailed(session)) == 2


@pytest.mark.usefixtures("crew")
@pytest.mark.parametrize("gone", [True, False])
def test_nobody_is_mailed_where_no_paper_lies_here(
    session: Session, loose: Bundle, record: Record, stop: Stop, gone: bool
) -> None:
    if gone:
        record(loose, DeliveryOutcome.ACCEPTED)
    else:
        bundle = session.get_one(Bundle, loose.id)
        bundle.state = BundleState.PRINTING
        session.commit()
    stop()
    jobs.run_now("deliveries.find-stops")
    assert mailed(session) == []


def test_today_the_list_and_the_bundle_say_so_until_somebody_says_what_became_of_it(
    staff: FlaskClient, session: Session, loose: Bundle, stop: Stop
) -> None:
    stop()
    line, page = "Stopped: do not deliver 1 printed bundle", f"/desk/bundles/{loose.public_id}"
    today = staff.get("/desk/today").text
    assert line in today.partition("<h2>")[2].partition("</h2>")[0], "the first line"
    assert "On hold: stopped" in staff.get("/desk/bundles/").text
    assert "Destroy it or keep it under lock." in staff.get(page).text
    assert post(staff, f"{page}/held-back", {"fate": "lost"}).status_code == 400
    assert post(staff, f"{page}/held-back", {"fate": "kept"}).status_code == 303
    assert line not in staff.get("/desk/today").text
    assert "Stopped: kept under lock" in staff.get("/desk/bundles/").text
    assert "The paper of this bundle is kept under lock" in staff.get(page).text
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 303
    assert "The paper of this bundle was destroyed" in staff.get(page).text
    replaces = "A record that all of it was delivered replaces this."
    assert replaces in staff.get(f"{page}/deliver?before=1").text
    session.rollback()
    entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "bundle.held-back"))
    assert [entry.detail for entry in entries] == [{"fate": "kept"}, {"fate": "destroyed"}]


@pytest.mark.parametrize("fate", list(PaperFate))
def test_of_paper_that_was_delivered_after_all_nobody_says_that_it_is_here_or_destroyed(
    session: Session, staff: FlaskClient, loose: Bundle, record: Record, stop: Stop, fate: PaperFate
) -> None:
    stop()
    page = f"/desk/bundles/{loose.public_id}"
    words = {
        PaperFate.DESTROYED: "What was left of this bundle was destroyed",
        PaperFate.KEPT: "What is left of this bundle is kept under lock",
    }[fate]
    assert post(staff, f"{page}/held-back", {"fate": fate.value}).status_code == 303
    record(loose, DeliveryOutcome.PART, day=days_ago(2), taken=3)
    assert words in staff.get(page).text, "of the others"
    session.execute(delete(DeliveryAttempt))
    session.commit()
    record(loose, DeliveryOutcome.ACCEPTED, day=days_ago(1))
    shown = staff.get(page).text
    assert words not in shown
    assert "paper of this bundle" not in shown
    assert "/held-back" not in shown
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 409
    assert "Stopped: " not in staff.get("/desk/bundles/").text
    assert session.scalars(select(AuditEntry).where(AuditEntry.action == "bundle.held-back")).one()


@pytest.mark.both_engines
def test_cancelled_after_its_paper_was_destroyed_a_bundle_still_says_so(
    session: Session, staff: FlaskClient, loose: Bundle, stop: Stop
) -> None:
    stop()
    page = f"/desk/bundles/{loose.public_id}"
    assert post(staff, f"{page}/held-back", {"fate": "kept"}).status_code == 303
    assert post(staff, f"{page}/cancel", {"reason": "It was stopped."}).status_code == 303
    assert "/held-back" not in staff.get(page).text, "that would be refused"
    session.execute(update(HeldBundle).values(fate=PaperFate.DESTROYED))
    session.commit()
    assert "The paper of this bundle was destroyed" in staff.get(page).text


def test_paper_is_not_forgotten_once_the_files_of_its_bundle_are_no_longer_kept(
    session: Session, staff: FlaskClient, loose: Bundle, stop: Stop
) -> None:
    stop()
    page, bundle_id = f"/desk/bundles/{loose.public_id}", loose.id
    session.execute(update(Bundle).values(emptied_at=db.utcnow()))
    session.execute(update(Signature).values(forgotten_at=db.utcnow()))
    session.commit()
    asked = "Stopped: do not deliver 1 printed bundle"
    assert asked in staff.get("/desk/today").text
    shown = staff.get(page).text
    assert "We deleted its files" in shown
    assert ">Destroyed</button>" in shown
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 303
    held = session.get_one(HeldBundle, bundle_id)
    assert held.fate is PaperFate.DESTROYED
    assert asked not in staff.get("/desk/today").text
    assert "The paper of this bundle was destroyed." in staff.get(page).text


@pytest.mark.parametrize("is_emptied", [False, True])
def test_nobody_is_said_to_see_the_numbers_once_nobody_is_known(
    session: Session, staff: FlaskClient, loose: Bundle, record: Record, *, is_emptied: bool
) -> None:
    record(loose, DeliveryOutcome.PART, taken=3)
    if is_emptied:
        session.execute(update(Bundle).values(emptied_at=db.utcnow()))
        session.commit()
    named = post(staff, f"/desk/bundles/{loose.public_id}/after/part", {"numbers": "1-3"})
    shown = staff.get(named.location).text
    assert "Numbers saved." in shown
    assert ("These supporters can now see the result." in shown) is not is_emptied


@pytest.mark.parametrize("named", [False, True])
def test_today_counts_the_letters_that_lie_here_after_a_part_was_taken(
    staff: FlaskClient, loose: Bundle, record: Record, stop: Stop, *, named: bool
) -> None:
    record(loose, DeliveryOutcome.PART, taken=3)
    if named:
        after = f"/desk/bundles/{loose.public_id}/after/part"
        assert post(staff, after, {"numbers": "1-3"}).status_code == 303
    stop()
    shown = staff.get("/desk/today").text.partition("Stopped: do not deliver")[2]
    assert "4 letters" in shown
    assert "7 letters" not in shown


@pytest.mark.usefixtures("crew")
def test_the_mail_names_lists_that_lie_here_though_nobody_is_on_a_sheet_any_more(
    session: Session, loose: Bundle, stop: Stop
) -> None:
    session.execute(update(Letter).values(set_aside="withdrawn"))
    session.execute(update(Bundle).values(letter_count=0))
    session.commit()
    stop()
    jobs.run_now("deliveries.campaign-stopped", loose.campaign_id)
    session.rollback()
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-stopped")).first()
    assert mail is not None
    assert [bundle["only_sheets"] for bundle in json.loads(mail.context)["bundles"]] == [True]


def test_paper_is_counted_by_what_its_envelopes_hold_also_that_of_letters_taken_back(
    app: Flask, staff: FlaskClient, session: Session, loose: Bundle, stop: Stop
) -> None:
    def take_back(*numbers: int) -> None:
        of_them = select(Letter.signature_id).where(Letter.sequence.in_(numbers))
        withdrawn = update(Signature).where(Signature.id.in_(of_them))
        session.execute(withdrawn.values(state=SignatureState.WITHDRAWN))
        session.commit()

    def count_held() -> tuple[int, bool]:
        session.rollback()
        bundle = session.get_one(Bundle, loose.id)
        held = count_paper(session, bundle), lies_here(session, bundle)
        session.rollback()
        return held

    session.execute(update(Letter).where(Letter.sequence == 2).values(set_aside="withdrawn"))
    session.commit()
    with app.app_context(), db.transaction() as own:
        split = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(own, split, letters_each=2, with_letters=False, actor="test")
    assert envelopes(session) == [(1, 3, False), (4, 5, False), (6, 7, False)]
    session.rollback()
    stop()
    take_back(5)
    post_page = f"/desk/bundles/{loose.public_id}/after/post"
    assert count_held() == (6, True)
    assert post(staff, post_page, posting()).status_code == 303
    assert count_held() == (4, True), "the first envelope reaches over a letter that was set aside"
    assert (
        post(staff, post_page, posting(first="2", last="2", withdrawn_in="yes")).status_code == 303
    )
    assert count_held() == (2, True)
    take_back(6, 7)
    assert count_held() == (2, True), "nobody may post them, but their sheets lie here"
    assert (
        post(staff, post_page, posting(first="3", last="3", withdrawn_in="yes")).status_code == 303
    )
    assert count_held() == (0, True), "its lists are in no envelope"


@pytest.mark.usefixtures("crew")
@pytest.mark.parametrize("last", ["6", "7"])
def test_lists_lie_here_though_every_letter_was_posted_in_an_envelope(
    app: Flask, staff: FlaskClient, session: Session, loose: Bundle, stop: Stop, last: str
) -> None:
    with app.app_context(), db.transaction() as own:
        split = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(own, split, letters_each=1, with_letters=False, actor="test")
    page = f"/desk/bundles/{loose.public_id}"
    assert post(staff, f"{page}/after/post", posting(last=last)).status_code == 303
    stop()
    todo = staff.get("/desk/today").text.partition("Stopped: do not deliver 1 printed bundle")[2]
    assert ("only signature lists" in todo) is (last == "7")
    shown = staff.get(page).text
    assert "Do not deliver the paper of this bundle." in shown
    assert "This includes the signature lists." in shown
    assert "On hold: stopped" in staff.get("/desk/bundles/").text
    jobs.run_now("deliveries.find-stops")
    session.rollback()
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "staff-stopped")).first()
    assert mail is not None
    assert [bundle["only_lists"] for bundle in json.loads(mail.context)["bundles"]] == [last == "7"]
    session.rollback()
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 303
    assert "Stopped: do not deliver" not in staff.get("/desk/today").text


def test_nothing_is_destroyed_of_a_campaign_that_runs(session: Session, loose: Bundle) -> None:
    with pytest.raises(Refused, match="not-held-back"):
        record_fate(session, session.get_one(Bundle, loose.id), PaperFate.DESTROYED, actor="test")
    assert session.get(HeldBundle, loose.id) is None


def stopped_yesterday(session: Session) -> None:
    session.execute(update(Campaign).values(stopped_at=db.utcnow() - timedelta(days=1)))
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=3)))
    session.commit()


def test_what_went_out_after_a_stop_is_shown_to_all_whom_it_concerns(
    app: Flask, client: FlaskClient, session: Session, loose: Bundle, stop: Stop
) -> None:
    stop()
    sign_in(client, app, Role.STAFF)
    gate = f"/desk/bundles/{loose.public_id}/deliver"
    assert "It was delivered anyway" in client.get(gate).text
    stopped_yesterday(session)
    sent = form(happened_on=today().isoformat(), happened_time="00:00")
    answer = post(client, gate, sent)
    assert answer.status_code == 303
    told = post(client, gate, sent, headers={"Accept": "application/json"}).json
    assert told["after_stop"] == "UA 1/26 · 001", "of several that were carried, which it was"
    assert "Delivered after the stop" in client.get(answer.location).text
    assert "After the stop" in client.get("/desk/deliveries/").text
    assert "After the stop" in client.get(f"/desk/bundles/{loose.public_id}").text
    session.rollback()
    slug = session.get_one(Bundle, loose.id).campaign.slug
    session.rollback()
    for role in (Role.ORGANIZER, Role.ADMIN):
        sign_in(client, app, role, email=f"{role.value}-2@example.org")
        assert (
            "1 delivery was made after its campaign was stopped" in client.get("/desk/today").text
        )
        assert "Delivered after the stop" in client.get(f"/desk/campaigns/{slug}").text
    assert session.scalars(select(GateVisit)).one()


def test_who_records_a_delivery_while_the_campaign_is_stopped_reads_of_the_stop(
    staff: FlaskClient, loose: Bundle, stop: Stop
) -> None:
    """The phone had the form open: what happened before the stop is recorded as such."""
    gate = f"/desk/bundles/{loose.public_id}/deliver"
    before = {"happened_on": days_ago(1).isoformat(), "happened_time": "09:00"}
    running = staff.get(post(staff, gate, form(**before, outcome="refused")).location).text
    assert "Deliver nothing more for it." not in running
    stop()
    shown = staff.get(post(staff, gate, form(**before)).location).text
    assert "UA 1/26 was stopped on" in shown
    assert "Deliver nothing more for it." in shown
    assert "She asked us to." in shown
    assert "Delivered after the stop" not in shown


def test_envelopes_that_were_posted_after_a_stop_are_noted_as_posted(
    app: Flask, staff: FlaskClient, session: Session, loose: Bundle, record: Record, stop: Stop
) -> None:
    record(loose, DeliveryOutcome.REFUSED)
    with app.app_context(), db.transaction() as own:
        loose_bundle = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(
            own, loose_bundle, letters_each=1, with_letters=False, actor="test"
        )
    stop()
    page = f"/desk/bundles/{loose.public_id}/after"
    shown = staff.get(page).text
    assert "Posted anyway?" in shown
    assert "Make the envelopes" not in shown
    assert post(staff, f"{page}/post", posting(last="2")).status_code == 303
    newest = select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id.desc()).limit(1)
    assert session.scalar(newest) == 2


def test_of_paper_that_was_posted_all_the_same_only_the_rest_was_destroyed(
    app: Flask, staff: FlaskClient, session: Session, loose: Bundle, stop: Stop
) -> None:
    with app.app_context(), db.transaction() as own:
        loose_bundle = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(
            own, loose_bundle, letters_each=1, with_letters=False, actor="test"
        )
    stop()
    page = f"/desk/bundles/{loose.public_id}"
    assert post(staff, f"{page}/held-back", {"fate": "destroyed"}).status_code == 303
    assert "The paper of this bundle was destroyed." in staff.get(page).text
    assert post(staff, f"{page}/after/post", posting(last="7")).status_code == 303
    assert "What was left of this bundle was destroyed." in staff.get(page).text
    assert "Stopped: the rest destroyed" in staff.get("/desk/bundles/").text


@pytest.mark.both_engines
def test_what_found_nothing_left_is_no_delivery_after_the_stop(
    app: Flask, client: FlaskClient, session: Session, loose: Bundle, record: Record, stop: Stop
) -> None:
    slug = session.get_one(Bundle, loose.id).campaign.slug
    stop()
    record(loose, DeliveryOutcome.ACCEPTED, day=today())
    campaign = f"/desk/campaigns/{slug}"
    sign_in(client, app, Role.ADMIN)
    assert "Delivered after the stop" in client.get(campaign).text
    record(loose, DeliveryOutcome.ACCEPTED, day=days_ago(3))
    assert "Delivered after the stop" not in client.get(campaign).text


@pytest.mark.parametrize(
    ("at", "late"), [("", True), ("11:59", False), ("12:00", True)], ids=["", "before", "after"]
)
def test_what_went_out_on_the_day_of_a_stop_is_after_it_unless_its_time_says_otherwise(
    app: Flask,
    client: FlaskClient,
    session: Session,
    loose: Bundle,
    stop: Stop,
    at: str,
    *,
    late: bool,
) -> None:
    """So it is at the gate and at the post office."""
    with app.app_context(), db.transaction() as own:
        loose_bundle = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(
            own, loose_bundle, letters_each=1, with_letters=False, actor="test"
        )
    stop()
    bundle = session.get_one(Bundle, loose.id)
    bundle.campaign.stopped_at = clock.moment_of(days_ago(1), time(12), bundle.zone)
    slug = bundle.campaign.slug
    session.commit()
    sign_in(client, app, Role.ADMIN)
    day, page = days_ago(1).isoformat(), f"/desk/bundles/{loose.public_id}"
    shown = client.get(f"{page}/after").text
    assert "If it was after the stop, we tell the organizers and admins." in shown
    assert 'name="happened_time"' in shown
    sent = posting(posted_on=day, happened_time=at)
    assert post(client, f"{page}/after/post", sent).status_code == 303
    told = "delivery was made after its campaign was stopped"
    assert (f"1 {told}" in client.get("/desk/today").text) is late
    gate = post(client, f"{page}/deliver", form(happened_on=day, happened_time=at))
    assert gate.status_code == 303
    visit = client.get(gate.location).text
    assert ("Delivered after the stop" in visit) is late
    assert ("correct the record and enter the time" in visit) is (late and not at)
    assert ("2 deliveries were made after" in client.get("/desk/today").text) is late
    assert ("Delivered after the stop" in client.get(f"/desk/campaigns/{slug}").text) is late
    assert client.get(page).text.count("After the stop") == (2 if late else 0)


def test_what_was_recorded_before_a_stop_is_never_after_it(
    staff: FlaskClient, loose: Bundle, record: Record, stop: Stop
) -> None:
    record(loose, DeliveryOutcome.LEFT)
    stop()
    assert "After the stop" not in staff.get(f"/desk/bundles/{loose.public_id}").text


def test_a_time_to_come_of_a_posting_is_refused_at_its_field(
    staff: FlaskClient, app: Flask, session: Session, loose: Bundle, stop: Stop
) -> None:
    with app.app_context(), db.transaction() as own:
        loose_bundle = own.get_one(Bundle, loose.id)
        split_bundle.split_bundle(
            own, loose_bundle, letters_each=1, with_letters=False, actor="test"
        )
        assert loose_bundle.mission is not None
        loose_bundle.mission.timezone = "Etc/UTC"
    stop()
    soon = db.utcnow() + timedelta(hours=1)
    at = {"posted_on": clock.day_of(soon, "Etc/UTC").isoformat(), "happened_time": f"{soon:%H:%M}"}
    answer = post(staff, f"/desk/bundles/{loose.public_id}/after/post", posting(**at))
    assert answer.status_code == 422
    assert "has not come yet (" in answer.text
    assert f'value="{soon:%H:%M}"' in answer.text
    assert session.scalars(select(DeliveryAttempt)).all() == []


def test_a_supporter_reads_the_stop_and_the_delivery_in_their_order(
    app: Flask, session: Session, loose: Bundle, record: Record, stop: Stop
) -> None:
    stop()
    stopped_yesterday(session)
    before = db.utcnow() - timedelta(days=5)
    session.execute(update(Signature).values(signed_at=before, confirmed_at=before))
    session.commit()
    record(loose, DeliveryOutcome.LEFT, day=today())
    with app.test_request_context("/en/"):
        signature = session.scalars(select(Signature).order_by(Signature.id)).first()
        assert signature is not None
        marks = marks_of(session, signature, list_trips(session, signature))
    stopped, left = marks[-2:]
    assert (stopped.title, left.title) == ("This action has been stopped", "Left at the door")
    assert stopped.iso < left.iso
    assert "This was after the stop." in left.text


@pytest.mark.parametrize("late", [True, False])
def test_a_delivery_stands_on_its_side_of_the_stop_whatever_the_zones(
    app: Flask, session: Session, loose: Bundle, record: Record, stop: Stop, late: bool
) -> None:
    """The day of the stop is the campaign's, that of the delivery the mission's."""
    stop()
    west, east = "Pacific/Niue", "Pacific/Kiritimati"
    mission_zone, own_zone = (west, east) if late else (east, west)
    noon = (db.utcnow() - timedelta(days=3)).replace(hour=11, minute=30, second=0)
    session.execute(update(Campaign).values(stopped_at=noon, timezone=own_zone))
    session.execute(update(Mission).values(timezone=mission_zone))
    before = db.utcnow() - timedelta(days=9)
    session.execute(update(Signature).values(signed_at=before, confirmed_at=before))
    session.commit()
    hour = time(2) if late else time(0, 30)
    record(loose, DeliveryOutcome.LEFT, day=clock.day_of(noon, mission_zone), happened_time=hour)
    with app.test_request_context("/en/"):
        signature = session.scalars(select(Signature).order_by(Signature.id)).first()
        assert signature is not None
        titles = [
            mark.title for mark in marks_of(session, signature, list_trips(session, signature))
        ][-2:]
    way = ["This action has been stopped", "Left at the door"]
    assert titles == (way if late else way[::-1])
