"""Sheets of letters that were left out of envelopes, approved, and are printed again."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles.changes.released_sheets import list_gone_before, list_released_sheets
from campaign.core import db
from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers, list_papers_then
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.remaining_letters import count_left, count_paper
from campaign.models.bundle import (
    Bundle,
    BundlePrint,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.signature import Letter
from campaign.signing.letter.compose import number_of
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import status_of
from tests.days import days_ago, today
from tests.factories import post
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.deliveries.conftest import Approve, Flag, MakeWithout, Record, form, run_of
from tests.integration.screening.test_seen_letters import change
from tests.integration.tracking.conftest import sign

KEPT = "00004 – Approved: waits for another bundle<br>Keep its sheet under lock."
PostOne = Callable[..., None]


@pytest.fixture
def post_one(
    session: Session, printed: Bundle, record: Record, flag: Flag, again: Callable[..., None]
) -> PostOne:
    """Refuse a bundle, flag a letter, fill envelopes without it, and post one of the two.

    `is_removed`: it is flagged before, and its sheet was removed from what was refused.
    """
    bundle_id = printed.id

    def act(number: int, *, is_removed: bool = False) -> None:
        bundle = SimpleNamespace(id=bundle_id)
        if not is_removed:
            record(bundle, DeliveryOutcome.REFUSED)
        flag(reload(session, bundle_id), 4)
        if is_removed:
            removed = list_papers(session, reload(session, bundle_id))[1].value
            session.rollback()
            record(bundle, DeliveryOutcome.REFUSED, paper=removed)
        bundle = reload(session, bundle_id)
        split_bundle.split_bundle(session, bundle, letters_each=4, with_letters=False, actor="test")
        session.commit()
        run_id = run_of(session).id
        again("deliveries.print-envelopes", run_id)
        session.rollback()
        run, key = session.get_one(EnvelopeRun, run_id), db.new_public_id()
        post_envelopes(session, run, Posting(number, number, today()), key=key, actor="test")
        session.commit()

    return act


@pytest.mark.both_engines
@pytest.mark.parametrize("posted", [1, 2])
def test_every_page_of_the_first_bundle_names_the_sheet(
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    printed: Bundle,
    post_one: PostOne,
    record: Record,
    again: Callable[..., None],
    freeze: Freeze,
    print_bundle: Print,
    posted: int,
    approve: Approve,
) -> None:
    bundle_id, campaign_id, url = printed.id, campaign.id, f"/desk/bundles/{printed.public_id}"
    pages = (url, f"{url}/deliver", f"{url}/after")
    post_one(posted)
    for page in pages:
        assert "00004" in staff.get(page).text
    is_left_out = posted == 1  # of an envelope that went, and so it lies alone
    letter_id = approve(bundle_id, 4, waits=False)
    for _at in range(2):  # it is taken out minutes later
        assert KEPT in staff.get(url).text
        for page in pages[1:]:
            shown = staff.get(page).text
            # Where it may lie with the others, it is removed of them: that is said once.
            assert (KEPT in shown, "Remove 1 letter first" in shown) == (
                is_left_out,
                not is_left_out,
            )
        again("bundles.restore")
    session.rollback()
    session.expire_all()
    assert session.get_one(Letter, letter_id).bundle_id is None
    second_id = freeze(campaign_id)
    second = reload(session, second_id)
    link = f'Now 00001 in <a href="/desk/bundles/{second.public_id}">{second.name}'
    session.rollback()
    for page in pages if is_left_out else [url]:
        shown = staff.get(page).text
        assert link in shown
        assert "Do not deliver 1 letter" in shown
        assert "Keep its sheet under lock." in shown
    assert print_bundle(second_id) is BundleState.READY
    record(SimpleNamespace(id=second_id), DeliveryOutcome.ACCEPTED)
    for page in pages:
        assert link not in staff.get(page).text
    assert "Do not deliver 1 letter" not in staff.get(url).text


@pytest.mark.both_engines
def test_no_page_names_it_once_the_files_of_the_first_bundle_are_deleted(
    staff: FlaskClient, session: Session, printed: Bundle, post_one: PostOne, approve: Approve
) -> None:
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}"
    post_one(2)
    approve(bundle_id, 4, waits=False)
    assert KEPT in staff.get(url).text
    session.execute(update(Bundle).values(emptied_at=db.utcnow()))
    session.commit()
    assert KEPT not in staff.get(url).text


@pytest.mark.both_engines
def test_which_print_was_carried_is_asked_while_the_sheet_may_lie_with_the_others(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    post_one: PostOne,
    record: Record,
    again: Callable[..., None],
    approve: Approve,
) -> None:
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}"
    post_one(2)
    before = count_paper(session, reload(session, bundle_id))
    approve(bundle_id, 4, waits=False)
    for _at in range(2):
        bundle = reload(session, bundle_id)
        papers = list_papers(session, bundle)
        assert [(paper.holds, paper.letters) for paper in papers] == [(("00004",), 5), ((), 4)]
        assert count_paper(session, bundle) == before
        session.rollback()
        shown = staff.get(f"{url}/deliver").text
        assert "Remove 1 letter first" in shown
        assert "Which print did you have?" in shown
        again("bundles.restore")
    held_in = papers[0].value
    session.rollback()
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=held_in)
    last = select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc()).limit(1)
    assert session.scalars(last).one().messages == 5
    session.rollback()
    assert "Keep its sheet under lock" not in staff.get(url).text
    assert "00004" not in staff.get(f"{url}/after").text


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("outcome", "is_changed"),
    [
        (DeliveryOutcome.ACCEPTED, False),
        (DeliveryOutcome.ACCEPTED, True),
        (DeliveryOutcome.REFUSED, False),
    ],
)
def test_what_went_in_an_earlier_print_waits_no_more_unless_it_was_changed(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
    again: Callable[..., None],
    outcome: DeliveryOutcome,
    is_changed: bool,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    make_without(printed, 4)
    letter_id = approve(bundle.id, 4)
    session.rollback()
    session.expire_all()
    letter = session.get_one(Letter, letter_id)
    assert letter.bundle_id is None
    if is_changed:
        with app.test_request_context():
            change(session, letter.signature_id)
        session.commit()
    papers = list_papers(session, reload(session, bundle.id))
    with_it = next(paper for paper in papers if "00004" in paper.holds)
    session.rollback()
    record(bundle, outcome, paper=with_it.value)
    session.rollback()
    session.expire_all()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    went = outcome is DeliveryOutcome.ACCEPTED and not is_changed
    if not is_changed:
        assert attempt.messages == with_it.letters
    assert letter.bundle_id == (bundle.id if went else None)
    if went:
        assert (letter.sequence, letter.set_aside) == (4, None)
        assert letter.volume_id
        assert letter.first_page
        assert list_released_sheets(session, reload(session, bundle.id)) == []
        with app.test_request_context():
            trips = list_trips(session, letter.signature)
            assert status_of(letter.signature, trips) == "handed_over"
        record_delivery.remove_visit(session, session.scalars(select(GateVisit)).one(), actor="me")
        session.commit()
        again("bundles.restore")
        session.rollback()
        session.expire_all()
        assert letter.bundle_id is None
        again_in_it = list_papers(session, reload(session, bundle.id))
        assert [paper.holds for paper in again_in_it] == [paper.holds for paper in papers]


@pytest.mark.both_engines
def test_the_newer_bundle_names_what_went_out_in_an_earlier_print_of_the_first(
    staff: FlaskClient,
    session: Session,
    campaign: Campaign,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    bundle_id, campaign_id = printed.id, campaign.id
    name, url = printed.name, f"/desk/bundles/{printed.public_id}"
    sign(session, campaign, email="late@example.org")
    make_without(reload(session, bundle_id), 4)
    letter_id = approve(bundle_id, 4)
    session.rollback()
    second_id = freeze(campaign_id)
    assert print_bundle(second_id) is BundleState.READY
    second = reload(session, second_id)
    second_url = f"/desk/bundles/{second.public_id}"
    sequence = session.get_one(Letter, letter_id).sequence
    assert count_left(session, second) == 2
    papers = list_papers(session, reload(session, bundle_id))
    with_it = next(paper for paper in papers if "00004" in paper.holds)
    session.rollback()
    pages = (second_url, f"{second_url}/deliver")
    went = f'{number_of(sequence)} – Went out as 00004 in <a href="{url}">{name}'
    for page in pages:
        assert "Went out as" not in staff.get(page).text
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=with_it.value)
    assert count_left(session, reload(session, second_id)) == 1
    letter = session.get_one(Letter, letter_id)
    assert (letter.bundle_id, letter.sequence) == (bundle_id, 4)
    signature = letter.signature
    assert status_of(signature, list_trips(session, signature)) == "handed_over"
    session.rollback()
    for page in pages:
        shown = staff.get(page).text
        assert went in shown
        assert "Do not deliver 1 letter" in shown
        assert "Keep its sheet under lock." in shown
    record(SimpleNamespace(id=second_id), DeliveryOutcome.REFUSED)
    for page in (*pages, f"{second_url}/after"):
        assert went in staff.get(page).text
    session.rollback()
    delivered = select(GateVisit).order_by(GateVisit.id).limit(1)
    record_delivery.remove_visit(session, session.scalars(delivered).one(), actor="test")
    session.commit()
    assert went not in staff.get(second_url).text
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=with_it.value)
    assert went in staff.get(second_url).text
    record(SimpleNamespace(id=second_id), DeliveryOutcome.ACCEPTED)
    assert went not in staff.get(second_url).text


def read_sheets(
    session: Session, bundle_id: int
) -> tuple[list[tuple[tuple[str, ...], int]], int, list[tuple[str, bool]]]:
    """Return what each paper holds, how many letters lie here, and which sheets went."""
    bundle = reload(session, bundle_id)
    papers = [(paper.holds, paper.letters) for paper in list_papers(session, bundle)]
    sheets = [(sheet.number, sheet.went) for sheet in list_released_sheets(session, bundle)]
    count = count_paper(session, bundle)
    session.rollback()
    return papers, count, sheets


@pytest.mark.both_engines
def test_a_sheet_lies_with_the_others_again_once_the_record_with_it_is_deleted(
    session: Session, printed: Bundle, post_one: PostOne, record: Record, approve: Approve
) -> None:
    bundle_id = printed.id
    post_one(2)
    approve(bundle_id, 4)
    before = read_sheets(session, bundle_id)
    assert before == ([(("00004",), 5), ((), 4)], 5, [("00004", False)])
    held_in = list_papers(session, reload(session, bundle_id))[0].value
    session.rollback()
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=held_in)
    assert read_sheets(session, bundle_id) == ([], 0, [])
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc()).limit(1)).one()
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    assert read_sheets(session, bundle_id) == ([], 5, [])  # it waits nowhere else any more


@pytest.mark.both_engines
def test_a_sheet_removed_from_what_came_back_before_the_posting_may_lie_with_the_others(
    session: Session,
    printed: Bundle,
    post_one: PostOne,
    again: Callable[..., None],
    approve: Approve,
) -> None:
    bundle_id = printed.id
    post_one(2, is_removed=True)
    approve(bundle_id, 4, waits=False)
    before = read_sheets(session, bundle_id)
    assert before == ([(("00004",), 5), ((), 4)], 5, [("00004", False)])
    again("bundles.restore")
    assert read_sheets(session, bundle_id) == before


@pytest.mark.both_engines
def test_one_removed_from_what_came_back_after_it_does_not(
    session: Session, printed: Bundle, post_one: PostOne, record: Record, approve: Approve
) -> None:
    bundle_id = printed.id
    post_one(2)
    approve(bundle_id, 4)
    removed = list_papers(session, reload(session, bundle_id))[1].value
    session.rollback()
    bundle = SimpleNamespace(id=bundle_id)
    record(bundle, DeliveryOutcome.REFUSED, paper=removed, place="Side door")
    assert read_sheets(session, bundle_id) == ([], 4, [("00004", False)])


@pytest.mark.both_engines
@pytest.mark.parametrize("ends", [DeliveryOutcome.ACCEPTED, DeliveryOutcome.PART])
def test_a_sheet_that_was_removed_by_hand_is_not_asked_about_again(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    post_one: PostOne,
    record: Record,
    ends: DeliveryOutcome,
    approve: Approve,
) -> None:
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}"
    post_one(2)
    approve(bundle_id, 4)
    removed = list_papers(session, reload(session, bundle_id))[1].value
    session.rollback()
    taken = {"taken": 1} if ends is DeliveryOutcome.PART else {}
    record(SimpleNamespace(id=bundle_id), ends, paper=removed, **taken)
    session.rollback()
    assert list_papers(session, reload(session, bundle_id)) == []
    session.rollback()
    for page in ("", "/deliver", "/after"):
        assert KEPT in staff.get(f"{url}{page}").text


@pytest.mark.both_engines
def test_a_sheet_in_a_printed_volume_is_not_named_once_its_bundle_is_made_without_it(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    make_without: MakeWithout,
    approve: Approve,
) -> None:
    """It has no sheet of its own in the newest print; `letters_out` names it."""
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}"
    make_without(printed, 4)
    approve(bundle_id, 4)
    session.rollback()
    shown = staff.get(url).text
    assert "Approved: waits for another bundle" in shown
    assert "Keep its sheet under lock." not in shown


@pytest.mark.both_engines
@pytest.mark.parametrize("posted", [1, 2])
@pytest.mark.parametrize("is_approved", [True, False])
def test_of_a_visit_before_a_posting_it_is_asked_which_print_it_was(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    post_one: PostOne,
    posted: int,
    is_approved: bool,
    approve: Approve,
) -> None:
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}/deliver"
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=30)))
    printed_at = db.utcnow() - timedelta(days=9)
    session.execute(update(BundlePrint).values(made_at=printed_at))
    session.commit()
    post_one(posted)
    if is_approved:
        approve(bundle_id, 4)
    opened_anew = staff.get(url, query_string={"before": "1"}).text
    asked, name = "Which print did you have?", f"paper_{bundle_id}"
    assert asked in opened_anew
    assert "7 letters, printed on" in opened_anew
    assert "5 letters, printed on" not in opened_anew
    sent = form(outcome="refused", happened_on=days_ago(2).isoformat(), place="Side door")
    unsaid = post(staff, url, sent)
    assert unsaid.status_code == 422
    assert "Choose which print you had." in unsaid.text
    assert asked in unsaid.text
    assert "Number 00004 is in it." in unsaid.text
    day = days_ago(2)
    papers = list_papers_then(session, reload(session, bundle_id), day, None, went=False)
    assert [(paper.holds, paper.letters) for paper in papers] == [(("00004",), 7), ((), 6)]
    session.rollback()
    recorded = [
        post(staff, url, sent | {"key": db.new_public_id(), "place": place, name: paper.value})
        for place, paper in zip(("Side door", "Gate"), papers, strict=True)
    ]
    assert [answer.status_code for answer in recorded] == [303, 303]
    latest = select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc()).limit(2)
    without, with_it = session.scalars(latest)
    assert (with_it.messages, with_it.by_hand) == (7, [])
    assert (without.messages, without.by_hand) == (6, ["00004"])


def test_it_is_also_asked_where_the_time_of_the_visit_cannot_be_read(
    staff: FlaskClient, session: Session, printed: Bundle, post_one: PostOne
) -> None:
    url, day = f"/desk/bundles/{printed.public_id}/deliver", days_ago(2).isoformat()
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=30)))
    session.execute(update(BundlePrint).values(made_at=db.utcnow() - timedelta(days=9)))
    session.commit()
    post_one(1)
    sent = form(outcome="refused", happened_on=day, happened_time="noon")
    assert "Which print did you have?" in post(staff, url, sent).text


@pytest.mark.both_engines
def test_of_a_visit_after_the_posting_that_is_not_asked(
    staff: FlaskClient, printed: Bundle, post_one: PostOne
) -> None:
    url = f"/desk/bundles/{printed.public_id}/deliver"
    post_one(1)
    assert "Which print did you have?" not in staff.get(url).text
    answer = post(staff, url, form(outcome="refused", happened_time="", place="Side door"))
    assert answer.status_code == 303


@pytest.mark.both_engines
def test_an_earlier_print_can_be_said_to_have_come_back_before_a_posting(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    make_without: MakeWithout,
    again: Callable[..., None],
) -> None:
    bundle_id, url = printed.id, f"/desk/bundles/{printed.public_id}/deliver"
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=30)))
    session.commit()
    make_without(reload(session, bundle_id), 4)
    session.execute(update(BundlePrint).values(made_at=db.utcnow() - timedelta(days=9)))
    session.commit()
    bundle = reload(session, bundle_id)
    split_bundle.split_bundle(session, bundle, letters_each=6, with_letters=False, actor="test")
    session.commit()
    run_id = run_of(session).id
    again("deliveries.print-envelopes", run_id)
    session.rollback()
    run, key = session.get_one(EnvelopeRun, run_id), db.new_public_id()
    post_envelopes(session, run, Posting(1, 1, today()), key=key, actor="test")
    session.commit()
    assert "Which print did you have?" in staff.get(url).text, "nothing else can be recorded"
    sent = form(outcome="refused", happened_on=days_ago(2).isoformat())
    assert "Choose which print you had." in post(staff, url, sent).text
    answer = post(staff, url, sent | {f"paper_{bundle_id}": "1"})
    assert answer.status_code == 303
    (entry,) = reload(session, bundle_id).taken_out.letters
    refused = DeliveryAttempt.outcome == DeliveryOutcome.REFUSED
    attempt = session.scalars(select(DeliveryAttempt).where(refused)).one()
    assert (entry.came_back, entry.went, attempt.messages) == ((attempt.id,), False, 7)


def test_a_newer_bundle_delivers_words_that_were_changed_since_an_earlier_print(
    app: Flask,
    session: Session,
    campaign: Campaign,
    printed: Bundle,
    record: Record,
    make_without: MakeWithout,
    approve: Approve,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    bundle_id, campaign_id = printed.id, campaign.id
    make_without(printed, 4)
    letter_id = approve(bundle_id, 4)
    signature_id = session.get_one(Letter, letter_id, populate_existing=True).signature_id
    with app.test_request_context():
        change(session, signature_id)
    session.commit()
    second_id = freeze(campaign_id)
    assert print_bundle(second_id) is BundleState.READY
    papers = list_papers(session, reload(session, bundle_id))
    with_it = next(paper for paper in papers if "00004" in paper.holds)
    session.rollback()
    record(SimpleNamespace(id=bundle_id), DeliveryOutcome.ACCEPTED, paper=with_it.value)
    second = reload(session, second_id)
    assert session.get_one(Letter, letter_id).bundle_id == second_id
    assert list_gone_before(session, second) == []
