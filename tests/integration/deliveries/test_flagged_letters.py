"""A risk flag that is set after letters were frozen: what names it does not go out unseen."""

import json
import re
from collections.abc import Callable
from io import BytesIO
from types import SimpleNamespace
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.changes import remake_bundle
from campaign.bundles.changes.withdrawals import list_taken_back
from campaign.core import db
from campaign.core.errors import Refused
from campaign.deliveries.carried_paper import list_papers
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.record_delivery import remove_visit
from campaign.deliveries.recording_rules import Numbers
from campaign.deliveries.remaining_letters import count_here, list_kept_back
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.screening import Decision, Hold
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import StaffUser
from campaign.privacy.subject_access import gather_data
from campaign.screening import review_queue
from campaign.signing import signed_links
from campaign.tracking.letter_links import Mailbox
from campaign.tracking.letter_place import find_place
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of, status_of
from tests.days import today
from tests.factories import post
from tests.integration.bundles.conftest import Print, reload
from tests.integration.bundles.test_flag_check import run_queue
from tests.integration.deliveries.conftest import (
    Flag,
    MakeWithout,
    Record,
    decide,
    letter_of,
    signature_of,
)
from tests.integration.deliveries.test_envelopes import after

CONFIRMED, HELD = SignatureState.CONFIRMED, SignatureState.HELD


def seen_by_writer(app: Flask, session: Session, bundle: Bundle, number: int) -> object:
    session.expire_all()
    signature = signature_of(session, bundle, number)
    with app.test_request_context():
        trips = list_trips(session, signature)
        marks = [(mark.title, mark.text) for mark in marks_of(session, signature, trips)]
        return status_of(signature, trips), find_place(session, signature), marks


def test_another_mission_waits_for_the_check_and_gets_none_that_names_a_flag(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    other_mission: str,
    flag: Flag,
    again: Callable[..., None],
    print_bundle: Print,
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    flag(printed, 2, is_lost=True)
    bundle = reload(session, printed.id)
    url, chosen, campaign_id = (
        after(bundle, "reroute"),
        {"mission": other_mission},
        bundle.campaign_id,
    )
    session.rollback()
    preview = staff.get(url, query_string=chosen)
    for answer in (preview, post(staff, url, chosen)):
        assert answer.status_code == 409
        assert "We are checking confirmed letters against new risk flags." in answer.text
    again("screening.check-flags", campaign_id)
    assert signature_of(session, reload(session, printed.id), 2).state is HELD
    session.rollback()
    assert post(staff, url, chosen).status_code == 303
    session.rollback()
    (rerouted,) = session.scalars(select(Bundle).where(Bundle.id != printed.id))
    assert rerouted.letter_count == 6
    rerouted_id = rerouted.id
    session.rollback()
    assert print_bundle(rerouted_id) is BundleState.READY
    assert letter_of(session, reload(session, printed.id), 2).bundle_id == printed.id


def test_of_a_bundle_accepted_in_part_staff_read_which_of_the_rest_may_not_go_out(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    record(printed, DeliveryOutcome.PART, taken=2)
    session.rollback()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    split_bundle.name_part(session, attempt, [Numbers(1, 2)], actor="test")
    session.commit()
    bundle = reload(session, printed.id)
    flag(bundle, 1, 3)
    bundle = reload(session, printed.id)
    states = [signature_of(session, bundle, number).state for number in (1, 3)]
    assert states == [CONFIRMED, HELD], "what has gone out stays as it is"
    assert count_here(session, bundle) == 4
    session.rollback()
    told = "Number 00003 names a risk flag that was set later. Do not deliver it."
    page = f"/desk/bundles/{bundle.public_id}"
    session.rollback()
    for url in (page, f"{page}/deliver"):
        assert told in staff.get(url).text
    today = staff.get("/desk/today").text
    assert "Letters in 1 printed bundle name a risk flag. Take them out before delivery" in today
    assert "(00003)" in today
    decide(session, signature_of(session, bundle, 3), Decision.APPROVED)
    session.commit()
    assert count_here(session, reload(session, printed.id)) == 5, "it stays, and may go out"
    session.rollback()
    assert "name a risk flag" not in staff.get("/desk/today").text


def test_a_bundle_that_is_here_is_remade_without_it_and_its_writer_reads_the_same(
    app: Flask,
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    flag: Flag,
    again: Callable[..., None],
    print_bundle: Print,
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    bundle = reload(session, printed.id)
    before = seen_by_writer(app, session, bundle, 2)
    flag(bundle, 2)
    bundle = reload(session, printed.id)
    assert seen_by_writer(app, session, bundle, 2) == before
    told = "Number 00002 names a risk flag that was set later. Do not deliver it."
    page = f"/desk/bundles/{bundle.public_id}"
    session.rollback()
    assert told in staff.get(page).text
    again("bundles.remake")
    assert print_bundle(printed.id) is BundleState.READY
    bundle = reload(session, printed.id)
    assert letter_of(session, bundle, 2).first_page is None
    assert seen_by_writer(app, session, bundle, 2) == before
    session.rollback()
    for url in (page, f"{page}/deliver"):
        assert told in staff.get(url).text, "an earlier print may be at hand"
    assert "(00002)" in staff.get("/desk/today").text
    assert any("00002" in paper.holds for paper in list_papers(session, bundle))
    decide(session, signature_of(session, bundle, 2), Decision.APPROVED)
    signature = signature_of(session, bundle, 2)
    session.commit()
    again("bundles.restore")
    session.rollback()
    session.expire_all()
    assert [letter.bundle_id for letter in signature.letters] == [None], "it waits again"


def read_all(app: Flask, session: Session, signature_id: int) -> tuple[str, object]:
    """Return all of the page of one's letter, and all that one can download."""
    session.rollback()
    session.expire_all()
    page = app.test_client().get("/en/letter/token-2")
    assert page.status_code == 200
    signature, now = session.get_one(Signature, signature_id), db.utcnow()
    with app.test_request_context("/en/"):
        mailbox = Mailbox(signature.email, signature.email_hmac, now)
        data = gather_data(session, mailbox, now).data
    session.rollback()
    shown = re.sub(r'"csrf_token" value="[^"]+"', "", page.text)
    return shown, {**data, "made_at": None}


@pytest.mark.parametrize("how", ["flagged", "excluded"])
def test_its_page_and_its_download_tell_its_writer_nothing(
    app: Flask,
    session: Session,
    printed: Bundle,
    flag: Flag,
    again: Callable[..., None],
    print_bundle: Print,
    how: str,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    signature = signature_of(session, printed, 2)
    signature.token_digest = signed_links.digest_of("token-2")
    signature.own_words = "Mia has a cousin in Oldtown."
    number = signature.id
    session.commit()
    before = read_all(app, session, number)
    if how == "flagged":
        flag(reload(session, bundle.id), 2)
    else:
        signature = session.get_one(Signature, number)
        signature.state, signature.state_before = SignatureState.INVALID, CONFIRMED
        session.commit()
    assert read_all(app, session, number) == before
    again("bundles.remake")
    assert print_bundle(bundle.id) is BundleState.READY
    assert letter_of(session, reload(session, bundle.id), 2).set_aside == "withdrawn"
    assert read_all(app, session, number) == before
    if how == "flagged":
        decide(session, session.get_one(Signature, number), Decision.APPROVED)
        session.commit()
        assert read_all(app, session, number) == before, "it is taken in again only later"


def test_no_file_of_it_is_given_or_made_before_the_check(
    staff: FlaskClient, session: Session, printed: Bundle, flag: Flag
) -> None:
    flag(printed, 2, is_lost=True)
    url = f"/desk/bundles/{reload(session, printed.id).public_id}/download"
    session.rollback()
    refused = post(staff, url)
    assert refused.status_code == 409
    assert "We are checking confirmed letters against new risk flags." in refused.text
    bundle = reload(session, printed.id)
    with pytest.raises(Refused, match="letters-unchecked"):
        split_bundle.split_bundle(session, bundle, letters_each=3, with_letters=True, actor="test")
    signature_of(session, bundle, 5).state = SignatureState.WITHDRAWN
    session.flush()
    with pytest.raises(Refused, match="letters-unchecked"):
        remake_bundle.remake(session, bundle, actor="test")


def test_review_returns_none_that_is_in_a_bundle_and_a_rejection_keeps_it_out(
    session: Session, printed: Bundle, flag: Flag
) -> None:
    flag(printed, 2)
    bundle = reload(session, printed.id)
    signature = signature_of(session, bundle, 2)
    with pytest.raises(Refused, match="letter-in-bundle"):
        decide(session, signature, Decision.RETURNED)
    act = decide(session, signature, Decision.REJECTED)
    assert count_here(session, bundle) == 6
    assert [letter.number for letter in list_taken_back(session, bundle)] == ["00002"]
    by = session.get_one(StaffUser, act.staff_id)
    review_queue.undo(session, by=by, now=db.utcnow(), act_id=act.id)
    assert signature.state is HELD


def test_an_approval_in_a_bundle_is_undone_until_it_has_gone_out(
    session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    flag(printed, 2)
    bundle = reload(session, printed.id)
    signature = signature_of(session, bundle, 2)
    act = decide(session, signature, Decision.APPROVED)
    by = session.get_one(StaffUser, act.staff_id)
    undone = review_queue.undo(session, by=by, now=db.utcnow(), act_id=act.id)
    assert (undone.reopened, signature.is_held_unseen, count_here(session, bundle)) == (1, True, 6)
    act = decide(session, signature, Decision.APPROVED)
    by, act_id = session.get_one(StaffUser, act.staff_id), act.id
    session.commit()
    record(printed, DeliveryOutcome.ACCEPTED)
    undone = review_queue.undo(session, by=by, now=db.utcnow(), act_id=act_id)
    assert (undone.reopened, signature.state) == (0, CONFIRMED)


@pytest.mark.parametrize("is_removed", [False, True])
def test_what_has_gone_out_is_not_rejected_unless_it_was_taken_out_before(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    flag: Flag,
    again: Callable[..., None],
    print_bundle: Print,
    is_removed: bool,
) -> None:
    bundle = SimpleNamespace(id=printed.id)
    flag(printed, 2)
    if is_removed:
        again("bundles.remake")
        assert print_bundle(bundle.id) is BundleState.READY
    paper = next(
        paper.value
        for paper in list_papers(session, reload(session, bundle.id))
        if bool(paper.removed) == is_removed
    )
    session.rollback()
    record(bundle, DeliveryOutcome.ACCEPTED, paper=paper)
    signature = signature_of(session, reload(session, bundle.id), 2)
    url, seen = (
        f"/desk/screening/letters/{signature.public_id}",
        session.get_one(Hold, signature.id).version,
    )
    session.rollback()
    answer = post(staff, url, {"decision": "reject", "note": "It names a town.", "seen": seen})
    told = "This letter has gone out, so you cannot reject it. Approve it."
    assert (told in answer.text) != is_removed
    session.expire_all()
    assert signature.state is (SignatureState.REJECTED if is_removed else HELD)


def test_what_has_gone_out_stays_as_it_is_and_is_checked_once_it_is_here_after_all(
    app: Flask, session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    record(printed, DeliveryOutcome.ACCEPTED)
    flag(printed, 2)
    bundle = reload(session, printed.id)
    signature = signature_of(session, bundle, 2)
    assert (signature.state, signature.flags_checked) == (CONFIRMED, 0)
    remove_visit(session, session.scalars(select(GateVisit)).one(), actor="test")
    session.commit()
    run_queue(app, session)
    session.expire_all()
    assert signature.state is HELD


def test_what_is_approved_once_the_envelopes_are_filled_waits_for_another_bundle(
    app: Flask,
    session: Session,
    printed: Bundle,
    record: Record,
    flag: Flag,
    again: Callable[..., None],
) -> None:
    record(printed, DeliveryOutcome.PART, taken=2)
    session.rollback()
    attempt = session.scalars(select(DeliveryAttempt)).one()
    split_bundle.name_part(session, attempt, [Numbers(1, 2)], actor="test")
    session.commit()
    flag(reload(session, printed.id), 4)
    bundle = reload(session, printed.id)
    before = seen_by_writer(app, session, bundle, 4)
    run = split_bundle.split_bundle(
        session, bundle, letters_each=5, with_letters=False, actor="test"
    )
    run_id = run.id
    session.commit()
    again("deliveries.print-envelopes", run_id)
    bundle = reload(session, printed.id)
    assert list_kept_back(session, bundle) == ["00004"], "its sheet lies here"
    assert seen_by_writer(app, session, bundle, 4) == before
    run = session.get_one(EnvelopeRun, run_id)
    went = post_envelopes(
        session, run, Posting(1, 1, today()), key=db.new_public_id(), actor="test"
    )
    remove_visit(session, went.visit, actor="test")
    session.commit()
    signature = signature_of(session, bundle, 4)
    decide(session, signature, Decision.APPROVED)
    assert count_here(session, bundle) == 4
    session.commit()
    again("bundles.restore")
    session.expire_all()
    run = session.get_one(EnvelopeRun, run_id)
    attempt = post_envelopes(
        session, run, Posting(1, 1, today()), key=db.new_public_id(), actor="test"
    )
    assert attempt.messages == 4
    assert [letter.bundle_id for letter in signature.letters] == [None]


def test_what_is_approved_before_its_volume_is_made_again_is_in_it_and_not_taken_out(
    session: Session, printed: Bundle, flag: Flag, again: Callable[..., None], print_bundle: Print
) -> None:
    flag(printed, 2, 3)
    again("bundles.remake")
    bundle = reload(session, printed.id)
    assert [letter.number for letter in bundle.taken_out.letters] == ["00002", "00003"]
    decide(session, signature_of(session, bundle, 2), Decision.APPROVED)
    session.commit()
    assert print_bundle(printed.id) is BundleState.READY
    bundle = reload(session, printed.id)
    assert letter_of(session, bundle, 2).first_page
    assert [letter.number for letter in bundle.taken_out.letters] == ["00003"]


def test_no_file_of_a_bundle_that_its_letters_left_is_given_before_the_check(
    staff: FlaskClient,
    session: Session,
    printed: Bundle,
    record: Record,
    other_mission: str,
    flag: Flag,
) -> None:
    record(printed, DeliveryOutcome.REFUSED)
    bundle = reload(session, printed.id)
    url, download = after(bundle, "reroute"), f"/desk/bundles/{bundle.public_id}/download"
    session.rollback()
    assert post(staff, url, {"mission": other_mission}).status_code == 303
    session.rollback()
    (rerouted,) = session.scalars(select(Bundle).where(Bundle.id != printed.id))
    flag(rerouted, 2, is_lost=True)
    assert post(staff, download).status_code == 409


def test_of_what_went_out_as_a_part_staff_no_longer_read_that_it_may_not(
    staff: FlaskClient, session: Session, printed: Bundle, record: Record, flag: Flag
) -> None:
    record(printed, DeliveryOutcome.PART, taken=2)
    flag(printed, 1)
    url = f"/desk/bundles/{reload(session, printed.id).public_id}"
    session.rollback()
    assert "Do not deliver it." in staff.get(url).text
    attempt = session.scalars(select(DeliveryAttempt)).one()
    split_bundle.name_part(session, attempt, [Numbers(1, 2)], actor="test")
    session.commit()
    page = staff.get(url).text
    assert "Some files can no longer be downloaded" in page
    assert "It went out with the others." in page
    assert "Do not deliver" not in page
    assert "was withdrawn" not in page


def test_a_bundle_of_which_review_holds_everything_keeps_its_files(
    staff: FlaskClient, session: Session, printed: Bundle, flag: Flag, again: Callable[..., None]
) -> None:
    flag(printed, *range(1, 8))
    url = f"/desk/bundles/{reload(session, printed.id).public_id}"
    session.rollback()
    again("bundles.remake")
    page = staff.get(url).text
    assert "Do not deliver this bundle" in page
    assert "under lock until it is reviewed" in page
    assert "within minutes" not in page
    assert "deleted its files" not in page
    assert post(staff, f"{url}/download").status_code == 409
    bundle = reload(session, printed.id)
    assert (bundle.state, bundle.emptied_at) == (BundleState.READY, None)
    for number in range(1, 8):
        decide(session, signature_of(session, bundle, number), Decision.APPROVED)
    session.commit()
    again("bundles.remake")
    assert "were withdrawn" not in staff.get(url).text
    assert post(staff, f"{url}/download").status_code == 200


def test_the_manifest_does_not_tell_that_review_held_a_letter_back(
    staff: FlaskClient, session: Session, printed: Bundle, make_without: MakeWithout
) -> None:
    make_without(printed, 2)
    url = f"/desk/bundles/{reload(session, printed.id).public_id}/download"
    session.rollback()
    with ZipFile(BytesIO(post(staff, url).data)) as files:
        name = next(name for name in files.namelist() if name.endswith("manifest.json"))
        manifest = json.loads(files.read(name))
    assert [entry["reason"] for entry in manifest["taken_out"]] == ["withdrawn"]
