"""What the second of two colleagues reads, who record the same: what is recorded, and by whom."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, i18n
from campaign.deliveries.envelopes import split_bundle
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome, TakenLetters
from campaign.models.delivery import HeldBundle, PaperFate, RunState
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import post, sign_in
from tests.integration.deliveries.conftest import Record, form
from tests.integration.deliveries.test_envelopes import after, posting
from tests.integration.deliveries.test_record import gate

TAB = 'target="_blank" rel="noopener">Open the record<span'


@pytest.fixture
def colleagues(app: Flask, session: Session) -> tuple[FlaskClient, FlaskClient]:
    """Two browsers, in each of which another member of staff is signed in."""
    session.commit()
    first, second = app.test_client(), app.test_client()
    for browser, name in ((first, "First"), (second, "Second")):
        sign_in(browser, app, Role.STAFF, email=f"{name.lower()}@example.org", name=name)
    return first, second


@pytest.fixture
def in_envelopes(app: Flask, bundle: Bundle, session: Session, record: Record) -> Bundle:
    """Seven letters that were refused, each in an envelope."""
    record(bundle, DeliveryOutcome.REFUSED, day=days_ago(2))
    bundle_id = bundle.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        run = split_bundle.split_bundle(
            own, own.get_one(Bundle, bundle_id), letters_each=1, with_letters=False, actor="test"
        )
        run.state = RunState.READY
    return session.get_one(Bundle, bundle_id)


@pytest.mark.parametrize("span", [("3", "3"), ("1", "7")])
def test_the_second_who_posts_the_same_envelopes_reads_whose_record_it_is(
    colleagues: tuple[FlaskClient, FlaskClient],
    in_envelopes: Bundle,
    session: Session,
    span: tuple[str, str],
) -> None:
    first, second = colleagues
    post_page, sent = after(in_envelopes, "post"), dict(zip(("first", "last"), span, strict=True))
    assert post(first, post_page, posting(**sent)).status_code == 303
    session.rollback()
    [attempt] = session.scalars(
        select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.POSTED)
    )
    day = i18n.say_day(attempt.happened_on, "en")
    tracking = "RN 123 456" if span[0] == span[1] else ""
    again = posting(**sent, tracking=tracking)
    answer = post(second, post_page, again)
    assert answer.status_code == 409
    assert f"First has already recorded this: Posted, {day}." in answer.text
    assert f'href="/desk/deliveries/attempts/{attempt.public_id}" {TAB}' in answer.text
    assert f'value="{tracking}"' in answer.text
    assert 'name="posted_on"' in answer.text
    mine = post(first, post_page, posting(**sent))
    assert f"You have already recorded this: Posted, {day}." in mine.text
    record_page = second.get(f"/desk/deliveries/{attempt.visit.public_id}").text
    assert re.search(r"<dt>Recorded by</dt>\s*<dd>First</dd>", record_page)


def test_of_a_range_it_is_said_which_envelopes_a_colleague_had_recorded_and_the_rest_is(
    colleagues: tuple[FlaskClient, FlaskClient], in_envelopes: Bundle, session: Session
) -> None:
    first, second = colleagues
    post_page, earlier = after(in_envelopes, "post"), days_ago(1)
    facts = {"first": "2", "last": "3", "posted_on": earlier.isoformat()}
    assert post(first, post_page, posting(**facts)).status_code == 303
    assert post(first, post_page, posting(first="5", last="5")).status_code == 303
    answer = post(second, post_page, posting(first="1", last="5"), follow_redirects=True)
    assert answer.status_code == 200
    day, today = i18n.say_day(earlier, "en"), i18n.say_day(days_ago(0), "en")
    assert f"Envelopes 2-3: First has already recorded this: Posted, {day}." in answer.text
    assert f"Envelope 5: First has already recorded this: Posted, {today}." in answer.text
    assert "We recorded 2 envelopes as posted." in answer.text
    session.rollback()
    newest = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc())).first()
    assert newest is not None
    assert newest.messages == 2


def test_the_rest_of_a_bundle_is_recorded_beside_envelopes_of_the_same_day(
    colleagues: tuple[FlaskClient, FlaskClient], in_envelopes: Bundle, session: Session
) -> None:
    first, second = colleagues
    assert post(first, after(in_envelopes, "post"), posting(first="1", last="4")).status_code == 303
    sent = form(outcome="posted", place="", happened_time="")
    assert post(second, gate(in_envelopes), sent).status_code == 303
    session.rollback()
    counts = select(DeliveryAttempt.messages).order_by(DeliveryAttempt.id)
    assert list(session.scalars(counts)) == [7, 4, 3]
    again = post(first, gate(in_envelopes), sent | {"key": db.new_public_id()})
    assert again.status_code == 422
    assert "Second has already recorded this: Posted, " in again.text


def test_who_records_another_day_of_what_has_gone_reads_when_it_went(
    colleagues: tuple[FlaskClient, FlaskClient], bundle: Bundle
) -> None:
    (first, second), earlier = colleagues, days_ago(1)
    sent = form(outcome="posted", happened_on=earlier.isoformat())
    assert post(first, gate(bundle), sent).status_code == 303
    answer = post(second, gate(bundle), form(outcome="posted", notes="Typed words."))
    message = f"First has already recorded this: Posted, {i18n.say_day(earlier, 'en')}."
    assert message in answer.text
    assert TAB in answer.text
    assert "Typed words." in answer.text
    phone = {"Accept": "application/json"}
    kept = post(second, gate(bundle), form(outcome="posted"), headers=phone).json
    assert "First" not in "".join(kept["problems"])
    assert kept["recorded"].startswith("/desk/deliveries/attempts/")


def test_numbers_typed_after_a_colleague_entered_them_are_shown_beside_those(
    colleagues: tuple[FlaskClient, FlaskClient], bundle: Bundle, session: Session, record: Record
) -> None:
    first, second = colleagues
    record(bundle, DeliveryOutcome.PART, taken=2)
    page = after(bundle, "part")
    assert post(first, page, {"numbers": "1-2"}).status_code == 303
    answer = post(second, page, {"numbers": "3, 5"})
    assert answer.status_code == 409
    assert "The numbers of the accepted letters are already entered." in answer.text
    assert re.search('stands-now"[^>]*>1-2<', answer.text)
    assert re.search('stands-now"[^>]*>3, 5<', answer.text)
    assert post(first, page, {"numbers": "1-2"}).status_code == 303
    session.rollback()
    [taken] = session.scalars(select(TakenLetters))
    assert (taken.first_number, taken.last_number) == (1, 2)


def test_paper_that_was_destroyed_is_not_kept_under_lock_from_an_older_page(
    colleagues: tuple[FlaskClient, FlaskClient],
    bundle: Bundle,
    session: Session,
    stop: Callable[[], None],
) -> None:
    page = f"/desk/bundles/{bundle.public_id}"
    first, second = colleagues
    stop()
    post(first, f"{page}/held-back", {"fate": "destroyed"})
    post(second, f"{page}/held-back", {"fate": "kept"})
    told = second.get(page).text
    assert "This paper is already recorded as destroyed. Nothing was changed." in told
    session.rollback()
    assert [held.fate for held in session.scalars(select(HeldBundle))] == [PaperFate.DESTROYED]


def test_the_record_of_a_stopped_campaign_says_when_it_stopped_by_the_campaign_s_clocks(
    colleagues: tuple[FlaskClient, FlaskClient],
    bundle: Bundle,
    session: Session,
    record: Record,
    stop: Callable[[], None],
) -> None:
    bundle.campaign.timezone = "Asia/Kolkata"
    session.commit()
    visit = record(bundle, DeliveryOutcome.REFUSED)
    stop()
    page = colleagues[0].get(f"/desk/deliveries/{visit.public_id}").text
    assert re.search(r"was stopped on [^.]* \(Kolkata time\)\. Deliver nothing more", page)
