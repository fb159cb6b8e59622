"""The desk's pages on printing again, making again and giving up: who may, and what they say."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.core import db, jobs
from campaign.models.bundle import Bundle, BundleReprint, BundleState, DeliveryAttempt
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.storage import FilesAway, storage
from campaign.storage.places import LocalPlace
from campaign.tracking.letter_place import Place, find_place
from tests.factories import (
    STAFF_PASSWORD,
    add_confirmed,
    give_session,
    make_campaign,
    post,
    set_password,
    sign_in,
)
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_changes import take_back
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import form

Enter = Callable[[Role], str]
FROM_PHONE = {"Accept": "application/json"}


@pytest.fixture
def enter(
    app: Flask,
    client: FlaskClient,
    session: Session,
    freeze: Freeze,
    print_bundle: Print,
    keep: Keep,
) -> Enter:
    """Address of a ready bundle of three letters, for somebody who signed in."""

    def make() -> int:
        campaign = make_campaign(session)
        add_confirmed(session, campaign, 3)
        session.commit()
        bundle_id = freeze(campaign.id)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    public_id = reload(session, keep("ready", make)).public_id
    session.rollback()

    def run(role: Role) -> str:
        sign_in(client, app, role)
        return f"/desk/bundles/{public_id}"

    return run


def test_an_organizer_finds_none_of_these_pages(client: FlaskClient, enter: Enter) -> None:
    url = enter(Role.ORGANIZER)
    for page in ("reprint", "cancel"):
        assert client.get(f"{url}/{page}").status_code == 404
    for deed in ("reprint", "cancel", "remake"):
        assert post(client, f"{url}/{deed}", {"reason": "x", "file": "zip"}).status_code == 404


def test_a_bundle_that_is_not_there_is_a_404(client: FlaskClient, enter: Enter) -> None:
    enter(Role.STAFF)
    for deed in ("reprint", "cancel", "remake"):
        assert post(client, f"/desk/bundles/{'x' * 22}/{deed}", {}).status_code == 404


def test_staff_print_a_file_again_with_a_reason(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    page = client.get(f"{url}/reprint").text
    assert "letters-001.pdf" in page
    assert "You get the same file that we printed first, byte for byte." in page
    without = post(client, f"{url}/reprint", {"file": "letters-001.pdf"})
    assert without.status_code == 422
    assert "Enter a reason." in without.text
    assert post(client, f"{url}/reprint", {"file": "../x", "reason": "y"}).status_code == 422
    answer = post(client, f"{url}/reprint", {"file": "letters-001.pdf", "reason": "Torn"})
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF")
    assert "UA-1-26_embassy-1_001_letters-001.pdf" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    whole = post(client, f"{url}/reprint", {"file": "zip", "reason": "Torn"})
    assert whole.mimetype == "application/zip"
    assert len(whole.data) == int(whole.headers["Content-Length"])
    assert session.scalar(select(func.count(BundleReprint.id))) == 2
    assert "Torn" in client.get(url).text


def test_the_reason_is_kept_while_it_is_asked_who_it_is(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    me = session.scalars(select(StaffUser)).one()
    set_password(session, me)
    session.commit()
    give_session(client, me.fs_uniquifier, proved_ago=16 * 60)
    typed = {"file": "letters-001.pdf", "reason": "Torn <b>"}
    asked = post(client, f"{url}/reprint", typed)
    assert asked.status_code == 403
    assert 'name="reason" value="Torn &lt;b&gt;"' in asked.text
    answer = {"proof": STAFF_PASSWORD, "again": "1"}
    page = post(client, f"{url}/reprint", typed | answer)
    assert "Press the button again" in page.text
    assert 'value="Torn &lt;b&gt;"' in page.text
    assert re.search(r'<input checked [^>]*value="letters-001.pdf"', page.text)
    assert session.scalar(select(func.count(BundleReprint.id))) == 0
    session.rollback()
    assert post(client, f"{url}/reprint", typed).mimetype == "application/pdf"


def test_staff_give_a_bundle_up_and_its_page_says_so(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    assert client.get(f"{url}/cancel").status_code == 200
    assert post(client, f"{url}/cancel", {}).status_code == 422
    assert post(client, f"{url}/cancel", {"reason": "Wrong paper"}).status_code == 303
    page = client.get(url).text
    assert "This bundle was cancelled" in page
    assert "Wrong paper" in page
    assert "Download the bundle" not in page
    assert set(session.scalars(select(Letter.bundle_id))) == {None}
    session.rollback()
    assert post(client, f"{url}/cancel", {"reason": "Again"}).status_code == 409


def test_what_can_no_longer_be_done_is_said_before_it_is_tried(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    assert post(client, f"{url}/deliver", form(happened_time="")).status_code == 303
    assert "Cancel this bundle" not in client.get(url).text
    refused = client.get(f"{url}/cancel")
    assert refused.status_code == 409
    assert "The bundle was delivered and can no longer change." in refused.text
    assert '<form class="form"' not in refused.text
    assert '<form class="form"' in client.get(f"{url}/reprint").text
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    refused = client.get(f"{url}/reprint")
    assert refused.status_code == 409
    assert "has been stopped" in refused.text
    assert '<form class="form"' not in refused.text


def test_a_reprint_before_the_remake_is_refused_with_the_reason(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    take_back(session, session.scalars(select(Bundle.id)).one(), 2)
    for answer in (
        client.get(f"{url}/reprint"),
        post(client, f"{url}/reprint", {"file": "zip", "reason": "Torn"}),
    ):
        assert answer.status_code == 409
        assert "Remake the volumes without that part first." in answer.text


def test_staff_have_volumes_made_again_and_read_which_sheet_to_take_out(
    client: FlaskClient, session: Session, enter: Enter, print_bundle: Print
) -> None:
    url = enter(Role.STAFF)
    bundle_id = session.scalars(select(Bundle.id)).one()
    take_back(session, bundle_id, 2, SignatureState.WITHDRAWN)
    page = client.get(url).text
    assert "1 letter was withdrawn" in page
    assert "The supporter withdrew or deleted it" in page
    assert post(client, f"{url}/download").status_code == 409
    assert post(client, f"{url}/remake").status_code == 303
    assert print_bundle(bundle_id) is BundleState.READY
    page = client.get(url).text
    assert "1 letter was removed" in page
    assert "Letter 00002, volume 001, page 2" in page
    frozen = re.search(r"Letters frozen</dt>\s*<dd>(\d+)", page)
    letters = re.search(r"Letters in the files</dt>\s*<dd>(\d+)", page)
    assert frozen
    assert letters
    assert int(letters[1]) == int(frozen[1]) - 1
    listed = client.get("/desk/bundles/").text
    assert f'data-label="Letters">{letters[1]}</td>' in listed, "as its pages, its papers and Today"
    assert post(client, f"{url}/download").status_code == 200


def test_a_stop_offers_no_reprint(client: FlaskClient, session: Session, enter: Enter) -> None:
    url = enter(Role.STAFF)
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED))
    session.commit()
    assert "Print again" not in client.get(url).text
    answer = post(client, f"{url}/reprint", {"file": "zip", "reason": "Torn"})
    assert answer.status_code == 409
    assert "has been stopped" in answer.text


def test_after_a_stop_no_page_promises_to_make_the_bundle_again(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    bundle_id = session.scalars(select(Bundle.id)).one()
    take_back(session, bundle_id, 2, SignatureState.WITHDRAWN)
    assert "We remake its volume without it within minutes" in client.get(url).text
    session.execute(update(Campaign).values(status=CampaignStatus.STOPPED, stopped_at=db.utcnow()))
    session.commit()
    page = client.get(url).text
    assert "The supporter withdrew or deleted it after the bundle was frozen." in page
    assert "within minutes" not in page


def withdraw_all(session: Session, state: SignatureState = SignatureState.WITHDRAWN) -> Bundle:
    session.rollback()
    bundle = session.scalars(select(Bundle)).one()
    for number in range(1, bundle.letter_count + 1):
        take_back(session, bundle.id, number, state)
    return bundle


def test_everyone_withdrew_and_the_paper_is_not_to_be_delivered(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    folder = file_names.stored_folder(withdraw_all(session).public_id)
    warning = "Do not deliver this bundle"
    for files in ("We will delete its files within minutes.", "We deleted its files."):
        page = client.get(url).text
        assert "Everything in this bundle was withdrawn" in page
        assert files in page
        assert "We remake" not in page
        gate = client.get(f"{url}/deliver").text
        assert warning in gate.partition('id="alarms"')[2].partition("</form>")[0]
        today = client.get("/desk/today").text
        assert "Do not deliver 1 printed bundle: withdrawn or under review. Its" in today
        assert "ready for delivery" not in today
        assert ">Do not deliver: withdrawn or under review<" in client.get("/desk/bundles/").text
        assert "What was withdrawn goes into no other bundle." in client.get(f"{url}/cancel").text
        jobs.run_now("bundles.remake")
    assert list(storage().names(folder)) == []
    assert session.scalars(select(Bundle)).one().state is BundleState.READY


@pytest.mark.parametrize("outcome", ["accepted", "refused"])
def test_what_was_delivered_before_everyone_withdrew_is_recorded_later(
    client: FlaskClient, session: Session, enter: Enter, outcome: str
) -> None:
    url = enter(Role.STAFF)
    bundle = withdraw_all(session)
    bundle_id, number = bundle.id, bundle.letter_count
    signature = session.scalars(select(Signature).order_by(Signature.id)).first()
    assert signature is not None
    jobs.run_now("bundles.remake")
    assert find_place(session, session.get_one(Signature, signature.id)) is Place.PRINTED
    session.rollback()
    unsaid = form(outcome=outcome, happened_time="")
    asked = post(client, f"{url}/deliver", unsaid, headers=FROM_PHONE)
    if outcome == "accepted":
        assert asked.json["asked"] == [f"paper_{bundle_id}"]
    paper = re.search(
        rf'name="paper_{bundle_id}"[^>]*value="(\d+)"', client.get(f"{url}/deliver").text
    )
    assert paper is not None
    sent = form(outcome=outcome, happened_time="", **{f"paper_{bundle_id}": paper[1]})
    assert post(client, f"{url}/deliver", sent, headers=FROM_PHONE).status_code == 200
    attempt = session.scalars(select(DeliveryAttempt)).one()
    assert attempt.messages == number
    place = find_place(session, session.get_one(Signature, signature.id))
    assert place is (Place.PRINTED if outcome == "refused" else Place.GONE)
    session.rollback()
    if outcome == "accepted":
        page = client.get(url).text
        assert f"{number} letters were withdrawn" in page
        assert page.count("It went out with the others.") == number, "of each it is said"


@pytest.mark.parametrize("volumes", [1, 2])
def test_other_volumes_are_named_only_where_there_are_some(
    app: Flask,
    client: FlaskClient,
    session: Session,
    freeze: Freeze,
    print_bundle: Print,
    volumes: int,
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 4)
    session.commit()
    bundle_id = freeze(campaign.id, volume_letters=4 // volumes)
    assert print_bundle(bundle_id) is BundleState.READY
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert post(client, f"{url}/deliver", form(happened_time="")).status_code == 303
    take_back(session, bundle_id, 2)
    page = client.get(url).text
    assert "You can no longer download its ZIP" in page
    assert ("for the other volumes" in page) == (volumes > 1)


def test_everyone_withdrew_and_the_bundle_is_cancelled_by_hand(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    withdraw_all(session)
    jobs.run_now("bundles.remake")
    asked = client.get(f"{url}/cancel").text
    assert "What counts again goes into another one." in asked
    assert post(client, f"{url}/cancel", {"reason": "All withdrew"}).status_code == 303
    page = client.get(url).text
    assert "This bundle was cancelled" in page
    assert "Everything printed in it was withdrawn." in page
    assert "Destroy what you printed of it." in page
    assert "keep signature sheets" not in asked + page, "there are none"
    assert "ready for another bundle" not in page
    assert "Withdrawn" not in client.get("/desk/today").text


def test_of_a_bundle_that_is_cancelled_after_a_stop_nothing_goes_on(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    stopped = {"status": CampaignStatus.STOPPED, "stopped_at": db.utcnow()}
    session.execute(update(Campaign).values(stopped))
    session.commit()
    goes_on = "another bundle once", "ready for another bundle", "go into another bundle"
    asks = client.get(f"{url}/cancel").text
    assert "If its paper was destroyed or locked away, record that first" in asks
    assert post(client, f"{url}/cancel", {"reason": "Stopped"}).status_code == 303
    for page in (asks, client.get(url).text):
        assert "nothing in it goes into another bundle" in page
        assert not any(words in page for words in goes_on)


@pytest.mark.both_engines
def test_everyone_was_excluded_and_counts_again(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    withdraw_all(session, SignatureState.INVALID)
    jobs.run_now("bundles.remake")
    session.execute(update(Signature).values(state=SignatureState.CONFIRMED))
    session.commit()
    page = client.get(url).text
    assert "The contents of this bundle were withdrawn" in page
    assert "Some of its contents still count or count again" in page
    assert post(client, f"{url}/cancel", {"reason": "Printed anew"}).status_code == 303
    in_bundle = select(func.count(Letter.id)).where(Letter.bundle_id.is_not(None))
    assert session.scalar(in_bundle) == 0, "all wait for another bundle"


@pytest.mark.parametrize("settle", ["delivered", "stopped"])
def test_of_a_bundle_that_no_job_makes_again_no_deletion_is_promised(
    client: FlaskClient, session: Session, enter: Enter, settle: str
) -> None:
    url = enter(Role.STAFF)
    if settle == "delivered":
        sent = form(outcome="accepted", happened_time="")
        assert post(client, f"{url}/deliver", sent).status_code == 303
    withdraw_all(session)
    if settle == "stopped":
        stopped = {"status": CampaignStatus.STOPPED, "stopped_at": db.utcnow()}
        session.execute(update(Campaign).values(stopped))
        session.commit()
    page = client.get(url).text
    assert "delete its files" not in page
    assert "Everything in this bundle was withdrawn" not in page
    jobs.run_now("bundles.remake")
    assert session.scalars(select(Bundle)).one().emptied_at is None


def test_where_the_storage_keeps_the_files_the_next_run_tries_again(
    session: Session, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    enter(Role.STAFF)
    folder = file_names.stored_folder(withdraw_all(session).public_id)

    def away(*_: object) -> None:
        raise FilesAway("test")

    with monkeypatch.context() as patched:
        patched.setattr(LocalPlace, "delete_folder", away)
        jobs.run_now("bundles.remake")
    assert session.scalars(select(Bundle)).one().emptied_at is None
    session.rollback()
    jobs.run_now("bundles.remake")
    assert session.scalars(select(Bundle)).one().emptied_at is not None
    assert list(storage().names(folder)) == []


def test_an_open_page_of_a_cancelled_bundle_is_not_said_to_be_signed_out(
    client: FlaskClient, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    assert post(client, f"{url}/cancel", {"reason": "Wrong paper"}).status_code == 303
    asked = client.get(f"{url}/deliver?before=1", headers={"HX-Request": "true"})
    assert asked.status_code == 200
    alarms = asked.text.partition('id="alarms"')[2].partition("</form>")[0]
    assert "This bundle has changed" in alarms
    assert "because this bundle was cancelled" in alarms
    assert client.get(f"{url}/deliver").status_code == 303
    posted = post(client, f"{url}/deliver", form(outcome="accepted", happened_time="")).text
    assert "Nothing was recorded, because this bundle was cancelled" in posted
    assert "Do not deliver this bundle" not in posted


def test_of_a_bundle_given_up_those_wait_that_were_not_taken_back(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    take_back(session, session.scalars(select(Bundle.id)).one(), 2, SignatureState.WITHDRAWN)
    assert post(client, f"{url}/cancel", {"reason": "Wrong paper"}).status_code == 303
    assert "except what was withdrawn" in client.get(url).text


def test_a_bundle_that_lacks_a_file_names_it_and_what_can_still_be_done(
    client: FlaskClient, session: Session, enter: Enter
) -> None:
    url = enter(Role.STAFF)
    [lost] = [name for name in storage().names() if "/letters-001." in name]
    storage().delete(lost)
    answer = post(client, f"{url}/download")
    assert answer.status_code == 409
    for words in (
        "part of it is missing from the file storage. Tell the site operator.",
        "Missing: letters-001.pdf",
        "Use “Print again” for the other files.",
        "If the files cannot be restored, cancel this bundle.",
    ):
        assert words in answer.text
    sent = {"file": "cover-letter.pdf", "reason": "The volume is lost"}
    assert post(client, f"{url}/reprint", sent).mimetype == "application/pdf"
    assert post(client, f"{url}/cancel", {"reason": "A volume is lost"}).status_code == 303
    session.rollback()
    assert session.scalars(select(Bundle.state)).one() is BundleState.CANCELLED
