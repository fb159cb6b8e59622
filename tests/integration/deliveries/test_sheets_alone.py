"""A bundle of signed sheets alone: how many people are recorded for each of its prints."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.errors import Refused
from campaign.deliveries.carried_paper import list_papers
from campaign.models.bundle import Bundle, BundlePrint, CarriedSignature, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperRow
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from tests.factories import sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.deliveries.conftest import Record
from tests.integration.deliveries.test_carried_paper import REMADE, at, counts, remake
from tests.integration.deliveries.test_printed_lists import QUENTIN
from tests.integration.deliveries.test_reroute import Reroute, reroute
from tests.integration.paper_signatures.test_sheets import ANA, make_sheet

__all__ = ["reroute"]

ROSA = replace(QUENTIN, given_name="Rosa")
DAYS_AGO = timedelta(days=3)


@pytest.fixture
def sheets(session: Session, campaign: Campaign, freeze: Freeze, print_bundle: Print) -> Bundle:
    """Three people on a signed sheet and no letter, printed some days ago."""
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
    return reload(session, bundle_id)


def correct_name(session: Session) -> None:
    row = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
    data_entry.correct_row(session, row, replace(QUENTIN, given_name="Quintin"), actor="test")
    session.commit()


def withdraw(session: Session, position: int) -> None:
    signature_id = session.scalar(
        select(CarriedSignature.signature_id).where(CarriedSignature.position == position)
    )
    session.get_one(Signature, signature_id).state = SignatureState.WITHDRAWN
    session.commit()


@pytest.mark.both_engines
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


@pytest.mark.both_engines
@pytest.mark.parametrize("withdrawn", [1, 3])
def test_the_only_print_names_also_who_has_withdrawn_since(
    session: Session, sheets: Bundle, record: Record, withdrawn: int
) -> None:
    for position in range(1, 1 + withdrawn):
        withdraw(session, position)
    sheets = reload(session, sheets.id)
    record(sheets, DeliveryOutcome.ACCEPTED)
    assert counts(session) == [3]
    sheets = reload(session, sheets.id)
    record(sheets, DeliveryOutcome.REFUSED, **at(sheets, DAYS_AGO))
    assert counts(session) == [3, 3]
    sheets = reload(session, sheets.id)
    with pytest.raises(Refused, match="nothing-here"):
        record(sheets, DeliveryOutcome.ACCEPTED, place="Another door")


@pytest.mark.both_engines
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
