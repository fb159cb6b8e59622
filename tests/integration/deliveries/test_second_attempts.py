"""What comes after a part, or after some envelopes: each letter goes out once, and is told once."""

import html
from collections.abc import Callable
from dataclasses import replace
from datetime import time

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.core import db
from campaign.core.settings import Settings
from campaign.deliveries.correct_record import correct_visit, facts_of
from campaign.deliveries.letter_outcomes import list_fates
from campaign.deliveries.remaining_letters import went_with
from campaign.exports.records import BundleHistory
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.delivery import EnvelopeRun, GateVisit, RunState
from campaign.models.notice import Notice
from campaign.models.signature import Letter
from campaign.models.staff import Role
from campaign.tracking.letter_trips import trips_of
from tests.days import days_ago
from tests.factories import post, sign_in
from tests.integration.bundles.conftest import reload
from tests.integration.bundles.test_select_letters import freeze as freeze_now
from tests.integration.deliveries.conftest import Record, form, let_go
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.tracking.conftest import sign

Tell = Callable[[], list[str]]


@pytest.fixture
def three(
    session: Session,
    campaign: Campaign,
    make_ready: Callable[[], int],
    client: FlaskClient,
    app: Flask,
    fresh_pages: None,
) -> Bundle:
    """Letters of three mailboxes that want news, numbered 1 to 3; somebody of the staff is in."""
    for name in ("first", "second", "third"):
        sign(session, campaign, email=f"{name}@example.org")
    three = let_go(session, reload(session, make_ready()))
    sign_in(client, app, Role.STAFF)
    return three


@pytest.fixture
def tell(session: Session, again: Callable[[str, int], None]) -> Tell:
    """Mails the news of every attempt; gives who was told of a hand-over, in order."""

    def run() -> list[str]:
        session.rollback()
        attempts = session.scalars(select(DeliveryAttempt.id).order_by(DeliveryAttempt.id)).all()
        session.rollback()
        for attempt_id in attempts:
            again("following.delivery-recorded", attempt_id)
        notices = session.scalars(select(Notice.id).order_by(Notice.id)).all()
        session.rollback()
        for notice_id in notices:
            again("following.tell", notice_id)
        told = select(OutboxMail.recipient).where(OutboxMail.kind == "letter-handed-over")
        recipients = session.scalars(told.order_by(OutboxMail.id)).all()
        session.rollback()
        return [str(recipient).partition("@")[0] for recipient in recipients]

    return run


def test_who_was_told_of_a_part_is_not_told_again_when_the_rest_is_accepted(
    client: FlaskClient, three: Bundle, session: Session, record: Record, tell: Tell
) -> None:
    week_ago = days_ago(7)
    record(three, DeliveryOutcome.PART, taken=2, day=week_ago)
    assert post(client, after(three, "part"), {"numbers": "1-2"}).status_code == 303
    assert tell() == ["first", "second"]
    rest = record(three, DeliveryOutcome.ACCEPTED)
    assert tell() == ["first", "second", "third"]
    assert session.get_one(DeliveryAttempt, rest.attempts[0].id).messages == 1


def test_who_was_told_of_a_posting_is_not_told_again_when_the_rest_is_accepted(
    client: FlaskClient, three: Bundle, record: Record, tell: Tell
) -> None:
    record(three, DeliveryOutcome.REFUSED)
    post(client, after(three, "split"), {"letters_each": "1"})
    assert post(client, after(three, "post"), posting(last="1")).status_code == 303
    assert tell() == ["first"]
    record(three, DeliveryOutcome.ACCEPTED)
    assert tell() == ["first", "second", "third"]


@pytest.mark.parametrize("at", [None, time(10)])
@pytest.mark.parametrize("outcome", ["accepted", "left", "part"])
def test_a_visit_on_the_day_of_a_posting_takes_no_letter_of_the_envelopes(
    client: FlaskClient,
    three: Bundle,
    session: Session,
    record: Record,
    tell: Tell,
    outcome: str,
    at: time | None,
) -> None:
    """Nobody knows at what time the envelope was posted, and its email is sent after the visit."""
    day = days_ago(1)
    record(three, DeliveryOutcome.REFUSED, day=day, happened_time=at and time(9))
    post(client, after(three, "split"), {"letters_each": "1"})
    sent = posting(posted_on=day.isoformat(), tracking="RN 1")
    assert post(client, after(three, "post"), sent).status_code == 303
    record(three, DeliveryOutcome(outcome), day=day, happened_time=at, taken=1)
    record(three, DeliveryOutcome.REFUSED, day=day, happened_time=time(8))
    if outcome == "part":
        wrong = post(client, after(three, "part"), {"numbers": "1"})
        assert "Some of these letters were already delivered" in wrong.text
        assert post(client, after(three, "part"), {"numbers": "2"}).status_code == 303
    session.rollback()
    letters = session.scalars(select(Letter).order_by(Letter.sequence)).all()
    ways = [[trip.fate.value for trip in trips_of(session, [letter])] for letter in letters]
    visit = "accepted" if outcome == "part" else outcome
    assert ways[0] == ["refused", "posted"], "of that day it is told in the order of recording"
    # Nor does anybody know whether the part went before the mission refused the rest.
    late = ["refused"] if outcome != "part" or at else []
    assert ways[1] == ["refused", *late, visit]
    [posted] = [trip for trip in trips_of(session, letters[:1]) if trip.is_gone]
    assert posted.envelope is not None
    assert posted.envelope.tracking == "RN 1"
    went = [
        (
            attempt.outcome.value,
            attempt.messages,
            session.scalars(
                select(Letter.sequence).where(went_with(session, attempt)).order_by(Letter.sequence)
            ).all(),
        )
        for attempt in session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id))
    ]
    taken = [2] if outcome == "part" else [2, 3]
    assert went == [
        ("refused", 3, [1, 2, 3]),
        ("posted", 1, [1]),
        (outcome, len(taken), taken),
        ("refused", 2, [2, 3]) if late else ("refused", 1, [3]),
    ]
    session.rollback()
    assert tell() == ["first", "second", "third"][: 1 + len(taken)]


def test_a_posting_counts_and_tells_only_what_was_still_in_the_envelopes(
    client: FlaskClient, three: Bundle, session: Session, record: Record, tell: Tell
) -> None:
    record(three, DeliveryOutcome.REFUSED)
    post(client, after(three, "split"), {"letters_each": "2"})
    record(three, DeliveryOutcome.PART, taken=1)
    unnamed = post(client, after(three, "post"), posting(last="2"))
    assert unnamed.status_code == 409
    assert "First enter the numbers of the accepted letters." in unnamed.text
    assert post(client, after(three, "part"), {"numbers": "2"}).status_code == 303
    assert tell() == ["second"]
    assert post(client, after(three, "post"), posting(last="2")).status_code == 303
    newest = select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id.desc()).limit(1)
    assert session.scalar(newest) == 2
    assert tell() == ["second", "first", "third"]


def test_once_everything_is_accepted_no_envelope_is_left_to_post(
    client: FlaskClient, three: Bundle, session: Session, record: Record
) -> None:
    record(three, DeliveryOutcome.REFUSED)
    post(client, after(three, "split"), {"letters_each": "2"})
    session.execute(update(EnvelopeRun).values(state=RunState.READY))
    session.commit()
    assert "At the post office" in client.get(after(three)).text
    record(three, DeliveryOutcome.ACCEPTED)
    page = client.get(after(three)).text
    assert "At the post office" not in page
    assert "Ready to post" not in page
    late = post(client, after(three, "post"), posting(last="2"))
    assert late.status_code == 409
    assert "This is already recorded: Accepted all letters" in late.text
    assert session.scalar(select(func.count(DeliveryAttempt.id))) == 2


def test_the_envelope_of_a_letter_is_the_one_that_holds_it(
    client: FlaskClient, three: Bundle, record: Record
) -> None:
    record(three, DeliveryOutcome.PART, taken=1)
    assert post(client, after(three, "part"), {"numbers": "2"}).status_code == 303
    post(client, after(three, "split"), {"letters_each": "1"})
    none = "No envelope contains a letter with this number. Check the number."
    lost = client.get(f"{after(three)}?letter=2").text
    assert none in lost
    assert "<td>00003</td>" not in lost
    held = client.get(f"{after(three)}?letter=3").text
    assert none not in held
    assert "<td>00003</td>" in held


@pytest.mark.parametrize("at", [None, time(9)])
def test_a_refusal_that_is_recorded_after_a_posting_of_its_day_is_about_the_rest(
    client: FlaskClient, three: Bundle, session: Session, record: Record, at: time | None
) -> None:
    day = days_ago(1)
    post(client, after(three, "split"), {"letters_each": "1"})
    assert post(client, after(three, "post"), posting(posted_on=day.isoformat())).status_code == 303
    assert "2 letters" in client.get(f"/desk/bundles/{three.public_id}/deliver").text
    visit = record(three, DeliveryOutcome.REFUSED, day=day, happened_time=at)
    rest = posting(first="2", last="3", posted_on=day.isoformat())
    assert post(client, after(three, "post"), rest).status_code == 303
    session.rollback()
    counts = session.scalars(select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id)).all()
    assert counts == [1, 2, 2]
    letters = session.scalars(select(Letter).order_by(Letter.sequence)).all()
    ways = [[trip.fate.value for trip in trips_of(session, [letter])] for letter in letters]
    assert ways == [["posted"], ["refused", "posted"], ["refused", "posted"]]
    history = BundleHistory.of(three.id, three.campaign_id, Frozen.from_json(three.frozen))
    fates = [
        [fate.outcome.value for fate in list_fates(number, history.attempts, history.envelopes)]
        for number in (1, 2, 3)
    ]
    assert fates == ways, "exports say the same"
    session.rollback()
    gate = f"/desk/bundles/{three.public_id}/deliver"
    sent = form(
        outcome="refused", happened_on=day.isoformat(), happened_time="09:30", place="the back door"
    )
    again = post(client, gate, sent)
    assert again.status_code == 422
    assert "Did this happen before it was sent?" in again.text
    for posted in session.scalars(select(GateVisit).where(GateVisit.id != visit.id)).all():
        facts = replace(facts_of(posted), happened_time=time(17))
        correct_visit(session, posted, facts, actor="test", sure=True)
    session.commit()
    assert post(client, gate, sent).status_code == 303, "its time says that it was before"
    session.rollback()
    newest = select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc()).limit(1)
    assert session.scalars(newest).one().messages == 3


@pytest.mark.parametrize("outcome", ["accepted", "part", "left", "posted", "courier"])
def test_nothing_goes_out_after_a_part_before_it_is_known_which_letters_that_was(
    client: FlaskClient, three: Bundle, session: Session, record: Record, outcome: str
) -> None:
    gate = f"/desk/bundles/{three.public_id}/deliver"
    record(three, DeliveryOutcome.PART, taken=1, place="the front door")
    assert "First enter the numbers of the accepted letters." in client.get(gate).text
    sent = form(outcome=outcome, **{f"taken_{three.id}": "1"})
    words = "Part of this bundle was accepted before, but we do not know which letters."
    from_phone = post(client, gate, sent, headers={"Accept": "application/json"})
    assert from_phone.status_code == 422
    assert from_phone.json["problems"][0].startswith(words), "the phone keeps it and says why"
    at_desk = post(client, gate, sent)
    assert at_desk.status_code == 422
    assert words in at_desk.text
    assert "Planted note." in at_desk.text, "what was typed is kept"
    assert post(client, after(three, "part"), {"numbers": "2"}).status_code == 303
    assert post(client, gate, sent).status_code == 303
    counts = select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id)
    assert session.scalars(counts).all() == [1, 1 if outcome == "part" else 2]


def test_that_they_refused_the_rest_is_recorded_at_any_time(
    client: FlaskClient, three: Bundle, record: Record
) -> None:
    record(three, DeliveryOutcome.PART, taken=1)
    gate = f"/desk/bundles/{three.public_id}/deliver"
    assert post(client, gate, form(outcome="refused")).status_code == 303


def test_after_a_stop_a_part_can_be_named_and_what_came_before_the_stop_be_recorded(
    client: FlaskClient, three: Bundle, session: Session, record: Record
) -> None:
    day_before = days_ago(1)
    record(three, DeliveryOutcome.PART, taken=1, day=day_before)
    session.execute(
        update(Campaign).values(
            status=CampaignStatus.STOPPED,
            stopped_at=db.utcnow(),
            status_reasons={"en": "She asked us to."},
        )
    )
    session.commit()
    page = f"/desk/bundles/{three.public_id}"
    assert after(three) in client.get(page).text
    shown = client.get(after(three)).text
    assert "They accepted 1 letter. Enter its number.<" in shown
    assert "Make the envelopes" not in shown
    assert post(client, after(three, "part"), {"numbers": "2"}).status_code == 303
    assert after(three) not in client.get(page).text
    sent = form(happened_on=day_before.isoformat())
    assert post(client, f"{page}/deliver", sent).status_code == 303


def test_numbers_of_a_bundle_that_goes_on_begin_where_the_one_before_ended(
    client: FlaskClient, three: Bundle, session: Session, settings: Settings, record: Record
) -> None:
    campaign = session.get_one(Campaign, three.campaign_id)
    for name in ("fourth", "fifth"):
        sign(session, campaign, email=f"{name}@example.org")
    second = freeze_now(session, campaign, settings, BundleChoice(goes_on=True))
    second.state = BundleState.READY
    session.commit()
    session.refresh(second)
    let_go(session, second)
    record(second, DeliveryOutcome.PART, taken=1)
    wrong = post(client, after(second, "part"), {"numbers": "1"})
    assert "“1” is not in this bundle. Its letters are 4 to 5." in html.unescape(wrong.text)
    assert post(client, after(second, "part"), {"numbers": "4"}).status_code == 303


def test_envelopes_that_were_opened_for_another_mission_are_not_called_posted(
    client: FlaskClient, three: Bundle, record: Record, other_mission: str
) -> None:
    record(three, DeliveryOutcome.REFUSED)
    post(client, after(three, "split"), {"letters_each": "1"})
    post(client, after(three, "post"), posting(last="1"))
    assert "Envelopes posted: 1 of 3." in client.get(after(three)).text
    assert post(client, after(three, "reroute"), {"mission": other_mission}).status_code == 303
    assert "Envelopes posted: 1 of 3." in client.get(after(three)).text
