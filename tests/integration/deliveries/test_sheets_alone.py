"""A bundle of signed sheets alone: how many people are recorded for each of its prints."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db
from campaign.core.errors import Invalid, Refused
from campaign.deliveries import record_delivery
from campaign.deliveries.carried_paper import list_papers
from campaign.models.bundle import Bundle, BundlePrint, CarriedSignature, DeliveryOutcome
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.delivery import GateVisit
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from tests.factories import post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import Record, Reroute, form
from tests.integration.deliveries.test_carried_paper import REMADE, at, counts, remake
from tests.integration.deliveries.test_printed_lists import QUENTIN
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet

ROSA = replace(QUENTIN, given_name="Rosa")
DAYS_AGO = timedelta(days=3)


@pytest.fixture
def sheets(
    session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep
) -> Bundle:
    """Three people on a signed sheet and no letter, printed some days ago."""

    def make() -> int:
        sheet = make_sheet(session, campaign)
        for person in (ANA, QUENTIN, ROSA):
            data_entry.add_row(session, sheet, person, actor="test")
        session.commit()
        bundle_id = freeze(campaign.id, on_paper=3)
        print_bundle(bundle_id)
        bundle = reload(session, bundle_id)
        bundle.created_at -= 2 * DAYS_AGO
        session.execute(update(BundlePrint).values(made_at=db.utcnow() - 2 * DAYS_AGO))
        session.commit()
        return bundle_id

    return reload(session, keep("sheets", make))


def correct_name(session: Session) -> None:
    row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    data_entry.correct_row(session, row, replace(QUENTIN, given_name="Quintin"), actor="test")
    session.commit()


def withdraw(
    session: Session, position: int, state: SignatureState = SignatureState.WITHDRAWN
) -> None:
    signature_id = session.scalar(
        select(CarriedSignature.signature_id).where(CarriedSignature.position == position)
    )
    session.get_one(Signature, signature_id).state = state
    session.commit()


def test_what_moved_on_is_not_counted_a_second_time(
    session: Session, sheets: Bundle, record: Record, reroute: Reroute, print_bundle: Print
) -> None:
    correct_name(session)
    remake(session, sheets, print_bundle)
    newer = list_papers(session, sheets := reload(session, sheets.id))[0].value
    record(sheets, DeliveryOutcome.REFUSED, paper=newer)
    reroute(sheets.id)
    sheets = reload(session, sheets.id)
    assert list_papers(session, sheets) == []
    record(sheets, DeliveryOutcome.REFUSED, paper=newer, place="Side door", **at(sheets, REMADE))
    assert counts(session) == [3, 3]
    sheets = reload(session, sheets.id)
    for paper in (newer, ""):
        with pytest.raises(Refused, match="nothing-here"):
            record(sheets, DeliveryOutcome.ACCEPTED, paper=paper)


def test_a_list_on_which_nobody_counts_any_more_went_as_it_was(
    session: Session, sheets: Bundle, record: Record
) -> None:
    for position in (1, 2, 3):
        withdraw(session, position)
    sheets = reload(session, sheets.id)
    record(sheets, DeliveryOutcome.ACCEPTED)
    assert counts(session) == [3]
    sheets = reload(session, sheets.id)
    assert sheets.taken_out.carried == {"P00001", "P00002", "P00003"}
    record(sheets, DeliveryOutcome.REFUSED, **at(sheets, DAYS_AGO))
    assert counts(session) == [3, 3]
    sheets = reload(session, sheets.id)
    with pytest.raises(Refused, match="nothing-here"):
        record(sheets, DeliveryOutcome.ACCEPTED, place="Another door")


@pytest.mark.parametrize("prints", [1, 2])
@pytest.mark.parametrize("chosen", [0, -1])
@pytest.mark.parametrize("by_hand", [False, True])
def test_of_each_print_it_is_asked_whether_names_were_made_unreadable(
    session: Session,
    sheets: Bundle,
    record: Record,
    print_bundle: Print,
    prints: int,
    chosen: int,
    by_hand: bool,
) -> None:
    """Before the lists are made again, every print names who has withdrawn."""
    if prints == 2:
        correct_name(session)
        remake(session, sheets, print_bundle)
    withdraw(session, 1)
    sheets = reload(session, sheets.id)
    papers = list_papers(session, sheets)
    ways = [(3, False), (2, True)] * prints
    assert [(paper.letters, paper.unreadable) for paper in papers] == ways
    with pytest.raises(Invalid) as refused:
        record(sheets, DeliveryOutcome.ACCEPTED)
    assert refused.value.fields == {f"paper_{sheets.id}": "paper-unsaid"}
    paper = [paper for paper in papers if paper.by_hand is by_hand][chosen]
    visit = record(sheets, DeliveryOutcome.ACCEPTED, paper=paper.value)
    assert counts(session) == [2 if by_hand else 3]
    taken_out = reload(session, sheets.id).taken_out
    assert (taken_out.carried, taken_out.by_hand) == (
        (set(), {"P00001"}) if by_hand else ({"P00001"}, set())
    )
    # Taken back as a mistake, the bundle is what it was.
    record_delivery.remove_visit(session, session.get_one(GateVisit, visit.id), actor="test")
    session.commit()
    sheets = reload(session, sheets.id)
    assert not sheets.taken_out
    assert list_papers(session, sheets) == papers


def test_who_counts_again_is_named_also_where_names_were_made_unreadable(
    session: Session, sheets: Bundle, record: Record, print_bundle: Print
) -> None:
    withdraw(session, 1)
    remake(session, sheets, print_bundle)
    withdraw(session, 1, SignatureState.CONFIRMED)
    withdraw(session, 3)
    papers = list_papers(session, sheets := reload(session, sheets.id))
    assert [(paper.letters, paper.holds) for paper in papers] == [
        (2, ("P00003",)),
        (1, ()),
        (3, ("P00001", "P00003")),
        (2, ("P00001",)),
    ]
    record(sheets, DeliveryOutcome.ACCEPTED, paper=papers[-1].value)
    assert counts(session) == [2]
    taken_out = reload(session, sheets.id).taken_out
    assert (taken_out.carried, taken_out.by_hand) == ({"P00001"}, {"P00003"})


@pytest.mark.parametrize("is_remade", [False, True])
def test_the_page_at_the_gate_asks_about_names_on_the_lists(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheets: Bundle,
    print_bundle: Print,
    is_remade: bool,
) -> None:
    if is_remade:
        correct_name(session)
        remake(session, sheets, print_bundle)
    withdraw(session, 1)
    sheets = reload(session, sheets.id)
    url, papers = f"/desk/bundles/{sheets.public_id}", list_papers(session, sheets)
    name = f"paper_{sheets.id}"
    session.commit()
    sign_in(client, app, Role.STAFF)
    page = client.get(f"{url}/deliver").text
    prints = 2 if is_remade else 1
    assert page.count("Make their names unreadable by hand: P00001") == prints
    assert (
        page.count(
            "Names of people whose paper signatures no longer count can still be read on its lists."
        )
        == prints
    )
    assert (
        page.count(
            "Names of people whose paper signatures no longer count were made unreadable by hand"
        )
        == prints
    )
    hint = (
        "Compare the names on the lists, and the number of people in the cover letter."
        if is_remade
        else "Check whether the names that no longer count can still be read on the lists."
    )
    assert hint in page
    typed = form(happened_time="")
    assert "Choose which print you had." in post(client, f"{url}/deliver", typed).text
    answer = post(client, f"{url}/deliver", typed | {name: papers[-1].value})
    assert answer.status_code == 303
    record_page = client.get(answer.location).text
    assert "2 people on signed sheets" in record_page
    assert "Names made unreadable by hand on the lists: P00001." in record_page
    assert "The name was made unreadable by hand on the lists." in client.get(url).text


@pytest.mark.parametrize("is_withdrawn", [False, True])
def test_a_forgotten_refusal_of_an_earlier_print_is_recorded_beside_the_delivery(
    session: Session, sheets: Bundle, record: Record, print_bundle: Print, is_withdrawn: bool
) -> None:
    if is_withdrawn:
        withdraw(session, 1)
    else:
        correct_name(session)
    remake(session, sheets, print_bundle)
    newer = list_papers(session, sheets := reload(session, sheets.id))[0].value
    record(sheets, DeliveryOutcome.ACCEPTED, paper=newer)
    record(sheets, DeliveryOutcome.REFUSED, **at(sheets, DAYS_AGO))
    assert counts(session) == [2 if is_withdrawn else 3, 3]
    newest = select(func.max(BundlePrint.number)).scalar_subquery()
    sha256 = session.scalar(select(BundlePrint.zip_sha256).where(BundlePrint.number == newest))
    assert reload(session, sheets.id).zip_sha256 == sha256


@pytest.mark.both_engines
def test_the_page_of_a_bundle_counts_nobody_whose_name_was_made_unreadable(
    app: Flask,
    client: FlaskClient,
    session: Session,
    sheets: Bundle,
    record: Record,
    print_bundle: Print,
) -> None:
    withdraw(session, 2)
    remake(session, sheets, print_bundle)
    _new, old, by_hand = list_papers(session, sheets := reload(session, sheets.id))
    assert (old.holds, by_hand.lacks) == (("P00002",), ("P00002",))
    url = f"/desk/bundles/{sheets.public_id}"
    session.commit()
    sign_in(client, app, Role.STAFF)
    assert "Compare the names on the lists" in client.get(f"{url}/deliver").text
    sheets = reload(session, sheets.id)
    record(sheets, DeliveryOutcome.ACCEPTED, paper=by_hand.value)
    page = client.get(url).text
    assert "with 2 people on signed sheets." in page
    assert "The name was made unreadable by hand on the lists." in page


@pytest.mark.both_engines
def test_the_page_of_sheets_alone_speaks_of_no_volume(
    session: Session, staff: FlaskClient, sheets: Bundle, print_bundle: Print
) -> None:
    correct_name(session)
    withdraw(session, 1)
    remake(session, sheets, print_bundle)
    url = f"/desk/bundles/{sheets.public_id}"
    page, at_gate = staff.get(url).text, staff.get(f"{url}/deliver").text
    for text in (page, at_gate):
        assert "Destroy the lists, cover letter, delivery sheet and labels that were" in text
        assert "volume" not in text.lower()
    assert "<td>Address labels</td>" in page
    assert "every letter with its place" not in page
    assert "Letters" not in page.partition("<main")[2]


def test_a_stop_is_told_with_the_noun_of_the_campaign(
    session: Session, staff: FlaskClient, sheets: Bundle
) -> None:
    campaign = sheets.campaign
    campaign.format = LetterFormat.CARD
    session.flush()
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons={"en": "She asked."})
    session.commit()
    url = f"/desk/bundles/{sheets.public_id}"
    for page in (staff.get(url).text, staff.get(f"{url}/deliver").text):
        assert "Do not print or deliver anything from it: another card could do harm." in page
