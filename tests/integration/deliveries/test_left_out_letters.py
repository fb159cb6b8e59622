"""What review holds of a bundle that is put into envelopes, or of which nothing else is left."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.remaining_letters import (
    SheetFate,
    count_here,
    count_paper,
    find_sheet_fates,
)
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.screening import Decision
from campaign.models.signature import WITHDRAWN, Letter, SignatureState
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of, status_of
from tests.days import today
from tests.factories import post
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.deliveries.conftest import (
    Approve,
    Flag,
    MakeWithout,
    Record,
    decide,
    letter_of,
    run_of,
    signature_of,
)
from tests.integration.deliveries.test_envelopes import posting
from tests.integration.deliveries.test_flagged_letters import seen_by_writer


def deliver_part(session: Session, printed: Bundle, record: Record) -> None:
    """Deliver two letters of seven."""
    record(printed, DeliveryOutcome.PART, taken=2)
    session.rollback()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    split_bundle.name_part(session, attempt, [Numbers(1, 2)], actor="test")
    session.commit()


def set_apart(session: Session, printed: Bundle, record: Record, flag: Flag) -> None:
    """Deliver two letters, flag one of the rest, and put the others into an envelope."""
    deliver_part(session, printed, record)
    flag(reload(session, printed.id), 4)
    bundle = reload(session, printed.id)
    split_bundle.split_bundle(session, bundle, letters_each=5, with_letters=False, actor="test")
    session.commit()


def test_what_envelopes_were_filled_without_is_named_at_the_gate_and_nobody_removed_it(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    bundle_id = printed.id
    set_apart(session, printed, record, flag)
    bundle = reload(session, bundle_id)
    page = f"/desk/bundles/{bundle.public_id}"
    assert run_of(session).letter_count == 4
    told = "Number 00004 names a risk flag that was set later. Do not deliver it."
    for url in (page, f"{page}/deliver", f"{page}/after"):
        shown = staff.get(url).text
        assert told in shown
        assert "Its sheet was removed by hand" not in shown
    shown = staff.get(f"{page}/deliver").text
    assert "Remove 1 letter first" in shown
    assert "Which print did you have?" in shown
    assert "withdrawn sheets" not in shown
    assert "Its sheets that must not go were removed by hand" in shown
    assert "(00004)" in staff.get("/desk/today").text
    session.rollback()
    bundle = reload(session, printed.id)
    assert find_sheet_fates(session, bundle) == {}
    assert (count_here(session, bundle), count_paper(session, bundle)) == (4, 5)
    held_in = next(paper for paper in list_papers(session, bundle) if not paper.removed)
    assert held_in.holds == ("00004",)
    session.rollback()
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=held_in.value)
    bundle = reload(session, printed.id)
    assert find_sheet_fates(session, bundle) == {"00004": SheetFate.WENT}


def test_once_the_envelopes_are_cancelled_what_they_lacked_is_with_the_others_again(
    session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    set_apart(session, printed, record, flag)
    bundle = reload(session, printed.id)
    split_bundle.undo_split(session, split_bundle.get_run(session, bundle), actor="test")
    session.commit()
    bundle = reload(session, printed.id)
    assert letter_of(session, bundle, 4).set_aside is None
    decide(session, signature_of(session, bundle, 4), Decision.APPROVED)
    assert count_here(session, bundle) == 5, "it may go out with them"


def test_once_the_envelopes_went_it_is_said_that_they_lacked_it(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    flag: Flag,
    again: Callable[..., None],
) -> None:
    set_apart(session, printed, record, flag)
    run_id = run_of(session).id
    again("deliveries.print-envelopes", run_id)
    session.rollback()
    run = session.get_one(EnvelopeRun, run_id)
    post_envelopes(session, run, Posting(1, 1, today()), key=db.new_public_id(), actor="test")
    session.commit()
    bundle = reload(session, printed.id)
    assert find_sheet_fates(session, bundle) == {"00004": SheetFate.LEFT_OUT}
    url = f"/desk/bundles/{bundle.public_id}"
    session.rollback()
    assert_keeps_in_drawer(staff, url)
    page = staff.get(url).text
    assert "It was left out of the envelopes. Keep its sheet under lock." in page
    assert "Its sheet was removed by hand." not in page


def assert_keeps_in_drawer(staff: FlaskClient, url: str) -> None:
    kept = "Keep under lock what was removed by hand or left out of the envelopes: 00004"
    for page in (f"{url}/after", f"{url}/deliver"):
        shown = staff.get(page).text
        assert kept in shown
        assert "Nothing in this bundle can be delivered now." in shown
        assert "You have no letters" not in shown


@pytest.mark.parametrize("decision", [None, Decision.REJECTED])
def test_what_was_removed_from_the_envelopes_is_kept_under_lock_and_said_to_be_here(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    flag: Flag,
    again: Callable[..., None],
    decision: Decision | None,
) -> None:
    deliver_part(session, printed, record)
    bundle = reload(session, printed.id)
    url = f"/desk/bundles/{bundle.public_id}"
    split_bundle.split_bundle(session, bundle, letters_each=5, with_letters=False, actor="test")
    session.commit()
    again("deliveries.print-envelopes", run_of(session).id)
    flag(reload(session, printed.id), 4)
    typed = posting()
    asked = post(staff, f"{url}/after/post", typed)
    assert "Letters in these envelopes were withdrawn or sent to review." in asked.text
    assert "Letters withdrawn or under review" in asked.text
    assert post(staff, f"{url}/after/post", {**typed, "withdrawn_in": "no"}).status_code == 303
    if decision:
        decide(session, signature_of(session, reload(session, printed.id), 4), decision)
        session.commit()
    assert "Its sheet was removed by hand. Keep it under lock." in staff.get(url).text
    assert_keeps_in_drawer(staff, url)


@pytest.mark.both_engines
def test_what_is_in_no_print_is_not_here_again_once_its_envelopes_are_cancelled(
    session: Session,
    printed: Bundle,
    make_without: MakeWithout,
    approve: Approve,
    again: Callable[..., None],
) -> None:
    bundle_id = printed.id
    make_without(printed, 4)
    bundle = reload(session, bundle_id)
    split_bundle.split_bundle(session, bundle, letters_each=10, with_letters=False, actor="test")
    session.commit()
    run_id = run_of(session).id
    again("deliveries.print-envelopes", run_id)
    session.rollback()
    run = session.get_one(EnvelopeRun, run_id)
    post_envelopes(session, run, Posting(1, 1, today()), key=db.new_public_id(), actor="test")
    session.commit()
    visit = session.scalars(select(GateVisit)).one()
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    run = split_bundle.get_run(session, reload(session, bundle_id))
    split_bundle.undo_split(session, run, actor="test")
    session.commit()
    bundle = reload(session, bundle_id)
    assert letter_of(session, bundle, 4).set_aside == WITHDRAWN
    assert count_paper(session, bundle) == 6
    signature = signature_of(session, bundle, 4)
    approve(bundle_id, 4)
    waits = select(Letter.bundle_id).where(Letter.signature_id == signature.id)
    assert session.scalars(waits).one() is None, "it waits for another bundle"
    assert count_here(session, reload(session, bundle_id)) == 6


def test_where_review_holds_all_that_is_left_the_pages_name_what_must_not_go(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    deliver_part(session, printed, record)
    flag(reload(session, printed.id), 3, 4, 5, 6, 7)
    page = f"/desk/bundles/{reload(session, printed.id).public_id}"
    session.rollback()
    for url in (f"{page}/deliver", f"{page}/after"):
        shown = staff.get(url).text
        assert "Nothing in this bundle can be delivered now." in shown
        assert "Do not deliver 5 letters" in shown
        assert "<p>00003, 00004, 00005, 00006, 00007</p>" in shown
        assert "These sheets are still here, withdrawn or under review." in shown
        for words in ("You have no letters", "Remove 5 letters first"):
            assert words not in shown


def test_the_first_bundle_says_where_a_letter_is_once_it_is_approved(
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    printed: Bundle,
    make_without: MakeWithout,
    again: Callable[..., None],
    freeze: Freeze,
) -> None:
    bundle_id, campaign_id = printed.id, campaign.id
    page = f"/desk/bundles/{printed.public_id}"
    make_without(printed, 2)
    bundle = reload(session, bundle_id)
    signature = signature_of(session, bundle, 2)
    session.rollback()
    assert "Under review" in staff.get(page).text
    decide(session, signature, Decision.APPROVED)
    session.commit()
    for _at in range(2):
        shown = staff.get(page).text
        assert "Approved: waits for another bundle" in shown
        assert "Under review" not in shown
        again("bundles.restore")
    second_id = freeze(campaign_id)
    second = reload(session, second_id)
    link = f'Now 00001 in <a href="/desk/bundles/{second.public_id}">{second.name}'
    session.rollback()
    assert link in staff.get(page).text


@pytest.mark.parametrize("is_remade", [True, False])
def test_what_was_not_carried_was_not_refused(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    flag: Flag,
    is_remade: bool,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    before = seen_by_writer(app, session, printed, 2)
    (make_without if is_remade else flag)(printed, 2)
    papers = list_papers(session, reload(session, bundle.id))
    without = next(paper.value for paper in papers if "00002" not in paper.holds)
    session.rollback()
    record(bundle, DeliveryOutcome.REFUSED, paper=without)
    assert seen_by_writer(app, session, reload(session, bundle.id), 2) == before
    _status, _place, marks = seen_by_writer(app, session, reload(session, bundle.id), 3)
    assert any(title.startswith("Refused") for title, _text in marks)


def test_what_stays_where_the_others_went_on_through_another_mission_stands_on_today(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    other_mission: str,
    flag: Flag,
) -> None:
    deliver_part(session, printed, record)
    flag(reload(session, printed.id), 3, 5, 6)
    bundle = reload(session, printed.id)
    decide(session, signature_of(session, bundle, 3), Decision.APPROVED)
    decide(session, signature_of(session, bundle, 6), Decision.REJECTED)
    session.commit()
    url = f"/desk/bundles/{bundle.public_id}"
    session.rollback()
    for _moved in range(2):
        assert "(00005, 00006)" in staff.get("/desk/today").text
        assert "Numbers 00005, 00006 name a risk flag" in staff.get(url).text
        post(staff, f"{url}/after/reroute", {"mission": other_mission})
        session.rollback()
    signature_of(session, bundle, 1).state = SignatureState.WITHDRAWN
    (rerouted,) = session.scalars(select(Bundle).where(Bundle.id != bundle.id))
    signature_of(session, rerouted, 1).state = SignatureState.HELD
    session.commit()
    page = staff.get(url).text
    assert "Do not deliver 2 letters" in page, "one went, and one is in another bundle"
    assert ("Letter 00001" in page, "Letter 00003" in page) == (True, True)


def test_what_was_printed_again_without_it_and_went_on_is_not_on_today(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    other_mission: str,
    make_without: MakeWithout,
) -> None:
    bundle_id = printed.id
    url = f"/desk/bundles/{printed.public_id}/after/reroute"
    make_without(printed, 4)
    assert "(00004)" in staff.get("/desk/today").text
    papers = list_papers(session, reload(session, bundle_id))
    without = next(paper.value for paper in papers if "00004" not in paper.holds)
    session.rollback()
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.REFUSED, paper=without)
    session.rollback()
    assert post(staff, url, {"mission": other_mission}).status_code == 303
    assert "(00004)" not in staff.get("/desk/today").text


def _deliver_part_without(session: Session, bundle: Bundle, record: Record, number: str) -> None:
    papers = list_papers(session, reload(session, bundle.id))
    without = next(paper.value for paper in papers if number not in paper.holds)
    session.rollback()
    record(bundle, DeliveryOutcome.PART, taken=2, paper=without)
    part = session.scalars(select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc())).first()
    assert part
    split_bundle.name_part(session, part, [Numbers(3, 4)], actor="test")
    session.commit()


@pytest.mark.parametrize("is_remade", [True, False])
def test_what_its_writer_read_of_it_stays_once_it_is_approved_and_in_the_next_bundle(
    app: Flask,
    session: Session,
    campaign: Campaign,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    flag: Flag,
    again: Callable[..., None],
    freeze: Freeze,
    print_bundle: Print,
    is_remade: bool,
) -> None:
    bundle, campaign_id = SimpleNamespace(id=printed.id), campaign.id
    record(printed, DeliveryOutcome.REFUSED)
    (make_without if is_remade else flag)(reload(session, bundle.id), 2)
    _deliver_part_without(session, bundle, record, "00002")
    signature = signature_of(session, reload(session, bundle.id), 2)
    letter = signature.letters[0]

    def read_way() -> tuple[str, list[str]]:
        session.rollback()
        session.expire_all()
        with app.test_request_context():
            trips = list_trips(session, signature)
            marks = marks_of(session, signature, trips)
            return status_of(signature, trips), [mark.title for mark in marks]

    before = read_way()
    titles = ["Signed", "Confirmed", "Printed as letter 00002", "Refused at the door", "Delivered"]
    assert before == ("printed", [*titles, "Answered", "Outcome"])
    decide(session, signature, Decision.APPROVED)
    session.commit()
    assert read_way() == before
    again("bundles.restore")
    assert read_way() == before
    assert letter.bundle_id is None
    session.rollback()
    record(bundle, DeliveryOutcome.UNOPENED)
    assert read_way() == before, "it was not there any more"
    session.rollback()
    second_id = freeze(campaign_id)
    assert print_bundle(second_id) is BundleState.READY
    status, shown = read_way()
    assert status == "printed"
    assert shown == [*titles[:4], "Printed as letter 00001", *before[1][4:]]


@pytest.mark.both_engines
def test_of_what_was_never_carried_no_print_is_told_once_it_waits_again(
    app: Flask, session: Session, printed: Bundle, record: Record, approve: Approve, flag: Flag
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    flag(printed, 2)
    _deliver_part_without(session, bundle, record, "00002")
    signature = signature_of(session, reload(session, bundle.id), 2)
    approve(bundle.id, 2)
    with app.test_request_context():
        trips = list_trips(session, signature)
        titles = [mark.title for mark in marks_of(session, signature, trips)]
        assert (trips, status_of(signature, trips)) == ([], "confirmed")
    assert titles[2] == "Printed"
