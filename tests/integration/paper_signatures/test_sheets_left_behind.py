"""Signature sheets of a bundle of which every letter was posted: they stayed here, and wait."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.changes.cancel_bundle import cancel
from campaign.bundles.freeze.signed_sheets import count_carried, waiting_on_paper
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db, jobs
from campaign.deliveries.stopped_bundles import count_loose_sheets
from campaign.mail.messages import OutboxMail
from campaign.models.bundle import Bundle, BundleState, CarriedSignature
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from campaign.privacy.overdue import is_awaited
from campaign.storage import storage
from tests.factories import add_confirmed, make_target_mission, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.deliveries.conftest import form
from tests.integration.deliveries.test_envelopes import posting
from tests.integration.paper_signatures.test_withdrawn_rows import (
    box,
    eva,
    in_envelopes,
    print_sheet,
    sheet,
    take_back,
)

__all__ = [
    "box",
    "eva",
    "freeze",
    "in_envelopes",
    "print_bundle",
    "print_sheet",
    "sheet",
    "take_back",
]

STAYED = "The signature sheets of this bundle did not go with it. They are here, ready"
OTHERS = "The lists of this bundle name people who are no longer in it."


@pytest.fixture
def url(in_envelopes: Bundle) -> str:
    return f"/desk/bundles/{in_envelopes.public_id}"


@pytest.fixture
def posted(client: FlaskClient, session: Session, in_envelopes: Bundle, url: str) -> int:
    """The bundle, both envelopes of which were posted."""
    bundle_id = in_envelopes.id
    session.rollback()
    assert post(client, f"{url}/after/post", posting(last="2")).status_code == 303
    return bundle_id


def waiting(session: Session) -> int:
    session.rollback()
    return waiting_on_paper(session, session.scalars(select(Bundle)).first().campaign)


def carried(session: Session) -> dict[int, int]:
    """How many people on sheets each bundle has."""
    session.rollback()
    query = select(CarriedSignature.bundle_id, func.count()).group_by(CarriedSignature.bundle_id)
    return dict(session.execute(query).all())


def delete_posting(client: FlaskClient, session: Session) -> None:
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    address = f"/desk/deliveries/{visit.public_id}/remove"
    session.rollback()
    assert post(client, address).status_code == 303


def test_the_sheets_wait_again_and_who_signed_them_reads_the_truth(
    client: FlaskClient, session: Session, sheet: PaperSheet, box: str, eva: Signature, url: str
) -> None:
    sheet_url, mine = f"/desk/paper/{sheet.public_id}", f"{box}/{eva.public_id}"
    session.rollback()
    for number in ("1", "2"):
        assert STAYED not in client.get(url).text
        assert waiting(session) == 0
        sent = posting(first=number, last=number)
        assert post(client, f"{url}/after/post", sent).status_code == 303
    assert waiting(session) == 2
    assert STAYED in client.get(url).text
    assert "2 people on signed sheets" in client.get("/desk/bundles/").text
    assert "went out" not in client.get(mine).text
    assert post(client, f"{mine}/withdraw").status_code == 303
    assert "make your row on the sheet unreadable before they deliver" in client.get(mine).text
    for page in ("/desk/today", url, sheet_url):
        assert "Black out" in client.get(page).text
    assert "The lists that went out have this name." not in client.get(url).text
    assert waiting(session) == 1


def test_with_a_letter_that_is_withdrawn_they_wait_too_and_with_it_they_do_not(
    client: FlaskClient, session: Session, in_envelopes: Bundle, url: str
) -> None:
    session.rollback()
    assert post(client, f"{url}/after/post", posting()).status_code == 303
    assert waiting(session) == 0
    second = session.scalars(select(Letter).where(Letter.sequence == 2)).one().signature
    for state, count in ((SignatureState.WITHDRAWN, 2), (SignatureState.CONFIRMED, 0)):
        second.state = state
        session.commit()
        assert waiting(session) == count


def test_they_go_with_the_next_bundle_and_the_first_gives_out_no_list_of_them(
    app: Flask,
    client: FlaskClient,
    session: Session,
    eva: Signature,
    posted: int,
    url: str,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    eva_id, campaign_id = eva.id, eva.campaign_id
    assert "Download the bundle" in client.get(url).text
    session.rollback()
    after = freeze(campaign_id, on_paper=2)
    assert print_bundle(after) is BundleState.READY
    assert carried(session) == {after: 2}
    assert waiting(session) == 0
    page = client.get(url).text
    assert OTHERS in page
    assert STAYED not in page
    assert "Download the bundle" not in page
    assert OTHERS in post(client, f"{url}/download").text
    offered = client.get(f"{url}/reprint").text
    choices = re.findall(r'<input[^>]* name="file"[^>]* value="([^"]*)"', offered)
    assert "letters-001.pdf" in choices
    assert {"", "signatures.pdf", "signatures.csv"}.isdisjoint(choices)
    readme = contents(zip_of(app, after, tmp_path))["README.html"].decode()
    assert "Hull · 2 people" in readme
    session.rollback()
    address = f"/desk/bundles/{reload(session, after).public_id}/deliver"
    session.rollback()
    assert post(client, address, form(happened_time="")).status_code == 303
    session.rollback()
    mine = (Signature.id == eva_id, is_awaited())
    assert session.scalar(select(Signature.id).where(*mine)) is None


def test_they_wait_for_another_where_the_next_bundle_is_given_up(
    app: Flask, session: Session, sheet: PaperSheet, posted: int, freeze: Freeze
) -> None:
    campaign_id = sheet.campaign_id
    session.rollback()
    after = freeze(campaign_id, on_paper=2)
    with app.app_context():
        cancel(session, reload(session, after), storage(), reason="", actor="test")
        session.commit()
    assert (waiting(session), carried(session)) == (2, {})
    again = freeze(campaign_id, on_paper=2)
    assert carried(session) == {again: 2}


def test_who_withdrew_before_leaves_no_row_in_the_first_bundle(
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    take_back: Callable[[], str],
    posted: int,
    url: str,
    freeze: Freeze,
    print_bundle: Print,
) -> None:
    take_back()
    session.rollback()
    campaign_id, sheet_url = sheet.campaign_id, f"/desk/paper/{sheet.public_id}"
    session.rollback()
    after = freeze(campaign_id, on_paper=1)
    assert print_bundle(after) is BundleState.READY
    assert carried(session) == {after: 1}
    next_url = f"/desk/bundles/{reload(session, after).public_id}"
    session.rollback()
    for page in (next_url, sheet_url, "/desk/today"):
        assert "Black out" in client.get(page).text
    assert OTHERS in client.get(url).text
    session.rollback()
    assert post(client, f"{next_url}/deliver", form(happened_time="")).status_code == 303
    for page in (next_url, sheet_url, "/desk/today"):
        assert "Black out" not in client.get(page).text


def test_where_the_posting_is_deleted_they_are_the_bundles_again(
    client: FlaskClient, session: Session, posted: int, url: str
) -> None:
    delete_posting(client, session)
    assert (waiting(session), carried(session)) == (0, {posted: 2})
    page = client.get(url).text
    assert STAYED not in page
    assert "2 letters · 2 people on signed sheets" in client.get(f"{url}/deliver").text


def test_where_it_is_deleted_too_late_the_bundle_is_made_again_without_them(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheet: PaperSheet,
    posted: int,
    url: str,
    freeze: Freeze,
    print_bundle: Print,
    tmp_path: Path,
) -> None:
    campaign_id = sheet.campaign_id
    session.rollback()
    after = freeze(campaign_id, on_paper=2)
    assert print_bundle(after) is BundleState.READY
    delete_posting(client, session)
    assert carried(session) == {after: 2}
    with app.app_context():
        jobs.run_now("bundles.remake")
    assert print_bundle(posted) is BundleState.READY
    assert "P00001" not in contents(zip_of(app, posted, tmp_path))["signatures.csv"].decode()
    page = client.get(url).text
    assert OTHERS not in page
    assert "Destroy" in page
    assert "2 letters · 2 people" not in client.get(f"{url}/deliver").text
    session.rollback()
    assert count_carried(session, after) == 2


def test_they_do_not_go_through_another_mission_by_themselves(
    client: FlaskClient, session: Session, posted: int, url: str
) -> None:
    session.add(make_target_mission(7, slug="consulate-montreal", locality="Montréal"))
    session.commit()
    moved = post(client, f"{url}/after/reroute", {"mission": "consulate-montreal"})
    assert moved.status_code == 409
    assert (waiting(session), carried(session)) == (2, {posted: 2})


def test_sheets_of_another_campaign_stay_where_they_are(
    session: Session, sheet: PaperSheet, posted: int, freeze: Freeze
) -> None:
    session.rollback()
    other = session.scalars(select(PaperSheet)).one().campaign
    add_confirmed(session, other, 1)
    session.commit()
    freeze(other.id)
    assert carried(session) == {posted: 2}, "nobody ticked them"


def test_after_a_stop_they_are_named_until_somebody_says_what_became_of_them(
    client: FlaskClient, session: Session, sheet: PaperSheet, posted: int, url: str
) -> None:
    campaign = sheet.campaign
    reasons = {"en": "She asked us to."}
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons=reasons)
    session.commit()
    today = client.get("/desk/today").text
    assert "Stopped: do not deliver 1 printed bundle" in today
    assert "2 people on signed sheets" in today
    jobs.run_now("deliveries.find-stops")
    session.rollback()
    sent = select(OutboxMail).where(OutboxMail.kind == "staff-stopped")
    mail = session.scalars(sent).one()
    assert [bundle["only_sheets"] for bundle in json.loads(mail.context)["bundles"]] == [True]
    session.rollback()
    assert "On hold: stopped" in client.get("/desk/bundles/").text
    page = client.get(url).text
    assert "Do not deliver the paper of this bundle." in page
    assert "This includes the signature sheets and lists." in page
    assert "printed letters" not in page
    assert post(client, f"{url}/held-back", {"fate": "kept"}).status_code == 303
    assert "Stopped: do not deliver" not in client.get("/desk/today").text
    page = client.get(url).text
    assert "What is left of this bundle is kept under lock." in page
    assert "This includes the signature sheets and lists." in page
    assert post(client, f"{url}/held-back", {"fate": "destroyed"}).status_code == 303
    assert "What was left of this bundle was destroyed." in client.get(url).text


@pytest.mark.both_engines
def test_after_a_stop_sheets_that_no_printed_bundle_has_are_named(
    app: Flask, client: FlaskClient, session: Session, sheet: PaperSheet, freeze: Freeze
) -> None:
    sign_in(client, app, Role.STAFF)
    campaign, campaign_id = sheet.campaign, sheet.campaign_id
    paper = f"/desk/paper/{sheet.public_id}"
    page = f"/desk/campaigns/{campaign.slug}"
    words = "Stopped: 1 signature sheet is in no printed bundle."
    session.rollback()
    assert words not in client.get("/desk/today").text
    bundle_id = freeze(campaign_id, on_paper=2)
    campaign = session.get_one(Campaign, campaign_id)
    reasons = {"en": "She asked us to."}
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons=reasons)
    session.commit()
    today = client.get("/desk/today").text
    assert words in today, "nothing of its bundle was printed"
    assert paper in today.partition(words)[2]
    assert "Do not print or deliver anything from it" in client.get(paper).text
    assert words in client.get(paper).text
    assert "This sheet is in a printed bundle." not in client.get(paper).text
    sign_in(client, app, Role.ADMIN)
    assert words in client.get(page).text
    session.execute(update(Campaign).values(stopped_at=db.utcnow() - timedelta(days=15)))
    session.commit()
    assert words not in client.get("/desk/today").text
    assert words in client.get(page).text
    session.execute(update(Bundle).where(Bundle.id == bundle_id).values(state=BundleState.READY))
    session.commit()
    assert words not in client.get(page).text
    shown = client.get(paper).text
    assert words not in shown, "the page of its bundle says what to do"
    url = f"/desk/bundles/{session.get_one(Bundle, bundle_id).public_id}"
    assert f'<a href="{url}">' in shown.partition("This sheet is in a printed bundle.")[2]
    assert "Do not print or deliver anything from it" in client.get(paper).text
    assert "Stopped: do not deliver 1 printed bundle" in client.get("/desk/today").text


def test_of_a_sheet_whose_rows_were_all_removed_nobody_knows_whether_it_went(
    session: Session, sheet: PaperSheet
) -> None:
    campaign = sheet.campaign
    reasons = {"en": "She asked us to."}
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons=reasons)
    assert count_loose_sheets(session, campaign) == 1
    removed = {"verdict": RowVerdict.REMOVED, "signature_id": None}
    db.update_rows(session, PaperRow, PaperRow.sheet_id == sheet.id, **removed)
    assert count_loose_sheets(session, campaign) == 0
    db.delete_rows(session, PaperRow, PaperRow.sheet_id == sheet.id)
    assert count_loose_sheets(session, campaign) == 1, "nobody has keyed it in yet"
