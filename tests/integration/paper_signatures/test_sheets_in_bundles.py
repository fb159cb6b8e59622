"""The signed sheets travel with one bundle, and its cover letter says so."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.bundles.changes.withdrawals import awaits_remake, note_lists
from campaign.bundles.documents.cover_letter import Covered, cover_context
from campaign.bundles.documents.signatures_csv import iter_carried
from campaign.bundles.freeze import freeze_bundle
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import (
    count_carried,
    digest_names,
    find_correction,
    list_travelling_sheets,
    waiting_on_paper,
)
from campaign.core import db
from campaign.core.settings import Settings, current_settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, CarriedSignature, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Origin, Signature, SignatureState
from campaign.paper_signatures import data_entry, sheets
from campaign.paper_signatures.check_row import Details
from campaign.tracking.news_subscription import switch_news
from tests.factories import add_confirmed
from tests.integration.paper_signatures.test_sheets import ANA, counted, make_sheet, sign_online

EVA = Details("Eva", "Park", "Hull", "", "CA", email="eva@example.org", news=True)
LEA = Details("Lea", "Roy", "Hull", "", "CA")


def freeze(session: Session, campaign: Campaign, settings: Settings) -> Bundle:
    """A bundle of all that waits, with the sheets."""
    mission = campaign.targets[0].mission
    assert mission is not None
    return freeze_bundle.freeze(
        session,
        campaign=campaign,
        mission=mission,
        settings=settings,
        locale="en",
        actor="a",
        on_paper=waiting_on_paper(session, campaign),
    )


@pytest.fixture
def sheet(session: Session) -> PaperSheet:
    """Of a campaign with two letters."""
    paper_sheet = make_sheet(session)
    add_confirmed(session, paper_sheet.campaign, 2)
    return paper_sheet


def names_in(bundle: Bundle, session: Session) -> list[str]:
    """Who stands in the bundle's lists for a sheet, with the number there."""
    session.commit()
    rows = iter_carried(bundle.id, Frozen.from_json(bundle.frozen))
    return [f"{row.number} {row.name}" for row in rows]


def test_sheets_travel_once(session: Session, settings: Settings, sheet: PaperSheet) -> None:
    campaign = sheet.campaign
    data_entry.add_row(session, sheet, ANA, actor="a")
    assert waiting_on_paper(session, campaign) == 1
    bundle = freeze(session, campaign, settings)
    assert bundle.letter_count == 2
    assert waiting_on_paper(session, campaign) == 0
    frozen = Frozen.from_json(bundle.frozen)
    assert frozen.on_paper == 1
    cover = cover_context(frozen, None, Covered({campaign.targets[0].id: 2}, on_paper=1))
    assert any("1 person signed by hand" in paragraph for paragraph in cover.paragraphs)
    (travelling,) = list_travelling_sheets(session, bundle.id)
    assert (travelling.collected_on, travelling.place, travelling.people) == (
        sheet.collected_on,
        sheet.place,
        1,
    )


def test_who_is_corrected_after_the_bundle_was_made_travels_on_in_it(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    other = data_entry.add_row(session, sheet, EVA, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    before = row.signature
    data_entry.correct_row(session, row, LEA, actor="a")
    corrected = Details("Eva", "Parks", "Hull", "", "CA", email="eva@example.org", news=True)
    data_entry.correct_row(session, other, corrected, actor="a")
    assert row.signature is before
    assert other.signature is not None
    assert other.signature.email == "eva@example.org", "who gets the news goes on getting it"
    assert waiting_on_paper(session, sheet.campaign) == 0
    assert names_in(bundle, session) == ["P00001 Lea Roy", "P00002 Eva Parks"]
    assert counted(session, sheet.campaign) == (4, 2)


def test_a_corrected_day_is_the_day_on_which_everybody_on_the_sheet_signed(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    """Lists, README and the record of consent say the same day."""
    for details in (ANA, EVA):
        data_entry.add_row(session, sheet, details, actor="a")
    session.commit()
    bundle = freeze(session, sheet.campaign, settings)
    day = sheet.collected_on - timedelta(days=3)
    facts = {"kind": sheet.kind, "collected_on": day, "place": sheet.place}
    sheets.edit_sheet(session, sheet, facts, actor="a")
    session.commit()
    rows = list(iter_carried(bundle.id, Frozen.from_json(bundle.frozen)))
    assert [row.signed_on for row in rows] == [day, day]
    ana, eva = session.scalars(
        select(Signature).where(Signature.origin == Origin.PAPER).order_by(Signature.id)
    )
    assert eva.consent_delivery_at == eva.consent_updates_at == eva.signed_at == ana.signed_at
    assert ana.consent_updates_at is None


@pytest.mark.parametrize("change", ["day", "name"])
def test_a_consent_given_later_by_a_page_keeps_its_day(
    session: Session, sheet: PaperSheet, change: str
) -> None:
    """Whoever switched the news off and on again consented on that day, not on the sheet's."""
    row = data_entry.add_row(session, sheet, replace(EVA, network=True), actor="a")
    eva = row.signature
    assert eva is not None
    for on in (False, True):
        switch_news(session, eva, on=on, now=db.utcnow())
    switched = eva.consent_updates_at
    assert switched != eva.consent_delivery_at
    session.commit()
    if change == "day":
        day = sheet.collected_on - timedelta(days=3)
        facts = {"kind": sheet.kind, "collected_on": day, "place": sheet.place}
        sheets.edit_sheet(session, sheet, facts, actor="a")
    else:
        corrected = replace(EVA, family_name="Parks", network=True)
        data_entry.correct_row(session, row, corrected, actor="a")
    session.flush()
    session.expire_all()
    assert eva.consent_updates_at == switched
    assert eva.consent_network_at == eva.consent_delivery_at == eva.signed_at


def test_who_is_taken_out_and_put_back_travels_in_the_bundle_it_was_in(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, EVA, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    assert row.signature is not None
    mark = row.signature.public_id
    data_entry.remove_row(session, row, actor="a")
    assert names_in(bundle, session) == []
    assert counted(session, sheet.campaign) == (2, 0)
    assert awaits_remake(session, bundle)
    place = session.scalars(select(Signature).where(Signature.origin == Origin.PAPER)).one()
    assert (place.state, place.email, place.family_name) == (SignatureState.ERASED, "", "")
    assert data_entry.add_row(session, sheet, EVA, actor="a").verdict is RowVerdict.COUNTED
    again = data_entry.list_rows(session, sheet)[0]
    data_entry.remove_row(session, again, actor="a")
    note_lists(session, bundle)
    assert not awaits_remake(session, bundle)
    data_entry.restore_row(session, row, actor="a")
    assert waiting_on_paper(session, sheet.campaign) == 0
    assert names_in(bundle, session) == ["P00001 Eva Park"]
    assert (row.signature.public_id, row.signature.email) == (mark, "eva@example.org")
    assert counted(session, sheet.campaign) == (3, 1)
    assert awaits_remake(session, bundle), "lists that were made meanwhile lack the person"


def test_a_double_that_is_counted_after_all_travels_in_the_bundle_it_was_in(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    first = data_entry.add_row(session, sheet, ANA, actor="a")
    son = data_entry.add_row(session, sheet, ANA, actor="a")
    data_entry.count_row(session, son, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    assert count_carried(session, bundle.id) == 2
    data_entry.correct_row(session, son, ANA, actor="a")
    assert (son.verdict, son.twin) == (RowVerdict.DOUBLE, first.signature)
    assert count_carried(session, bundle.id) == 1
    assert counted(session, sheet.campaign) == (3, 1)
    data_entry.count_row(session, son, actor="a")
    assert count_carried(session, bundle.id) == 2
    assert waiting_on_paper(session, sheet.campaign) == 0
    online = sign_online(session, sheet.campaign, ANA)
    data_entry.make_double(session, son, online.id)
    assert count_carried(session, bundle.id) == 1
    assert data_entry.details_of(son) == ANA


@pytest.mark.both_engines
def test_a_double_takes_over_the_place_of_the_row_that_it_doubled(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    double = data_entry.add_row(session, make_sheet(session, sheet.campaign), ANA, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    place = row.signature
    data_entry.remove_row(session, row, actor="a")
    assert double.verdict is RowVerdict.COUNTED
    assert double.signature is place
    assert waiting_on_paper(session, sheet.campaign) == 0
    assert names_in(bundle, session) == ["P00001 Ana Núñez"]
    data_entry.restore_row(session, row, actor="a")
    assert row.verdict is RowVerdict.DOUBLE
    assert counted(session, sheet.campaign) == (3, 1)


@pytest.mark.parametrize("way", ["removed and restored", "double and counted", "of a double"])
def test_a_name_in_the_lists_is_corrected_only_where_it_is_another(
    session: Session, settings: Settings, sheet: PaperSheet, way: str
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    digest, printed_at = digest_names(session, bundle.id), db.utcnow()
    if way == "removed and restored":
        data_entry.remove_row(session, row, actor="a")
        assert digest_names(session, bundle.id) != digest
        data_entry.restore_row(session, row, actor="a")
    elif way == "double and counted":
        data_entry.make_double(session, row, sign_online(session, sheet.campaign, ANA).id)
        data_entry.count_row(session, row, actor="a")
    else:
        data_entry.add_row(session, sheet, ANA, actor="a")
        data_entry.remove_row(session, row, actor="a")
    assert count_carried(session, bundle.id) == 1
    assert digest_names(session, bundle.id) == digest
    assert find_correction(session, bundle.id, printed_at) is None


@pytest.mark.parametrize("way", ["entered anew", "of a double"])
def test_a_name_that_comes_back_otherwise_is_corrected(
    session: Session, settings: Settings, sheet: PaperSheet, way: str
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    other = replace(ANA, family_name="Nunez")
    double = data_entry.add_row(session, sheet, other, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    digest, printed_at = digest_names(session, bundle.id), db.utcnow()
    if way == "entered anew":
        data_entry.remove_row(session, double, actor="a")
    data_entry.remove_row(session, row, actor="a")
    if way == "entered anew":
        data_entry.add_row(session, sheet, other, actor="a", position=row.position)
    assert names_in(bundle, session) == ["P00001 Ana Nunez"]
    assert digest_names(session, bundle.id) != digest
    assert find_correction(session, bundle.id, printed_at) is not None


def test_a_double_of_the_same_person_stays_one_when_a_slip_is_mended(session: Session) -> None:
    sheet = make_sheet(session)
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    double = data_entry.add_row(session, sheet, ANA, actor="a")
    data_entry.correct_row(
        session, row, Details("Ana", "Nuñez", "Ottava", "K1A 0A1", "CA"), actor="a"
    )
    assert (row.verdict, double.verdict) == (RowVerdict.COUNTED, RowVerdict.DOUBLE)
    assert double.twin is row.signature


def test_where_the_bundle_is_given_up_who_is_put_back_waits_again(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    data_entry.remove_row(session, row, actor="a")
    cancel_bundle.cancel(session, bundle, storage.storage(), reason="x", actor="command")
    assert waiting_on_paper(session, sheet.campaign) == 0
    data_entry.restore_row(session, row, actor="a")
    assert waiting_on_paper(session, sheet.campaign) == 1


@pytest.mark.both_engines
def test_a_kept_place_goes_with_the_row_once_the_sheet_is_out_and_without_a_bundle_none_is_kept(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    on_paper = select(Signature.id).where(Signature.origin == Origin.PAPER)
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    data_entry.remove_row(session, row, actor="a")
    assert session.scalars(on_paper).all() == []
    data_entry.restore_row(session, row, actor="a")
    bundle = freeze(session, sheet.campaign, settings)
    data_entry.remove_row(session, row, actor="a")
    assert len(session.scalars(on_paper).all()) == 1
    row.keyed_at = db.utcnow() - timedelta(days=data_entry.KEPT_DAYS, minutes=1)
    session.flush()
    data_entry.forget_removed_rows(session)
    assert len(session.scalars(on_paper).all()) == 1
    session.add(
        DeliveryAttempt(
            bundle_id=bundle.id,
            campaign_id=bundle.campaign_id,
            mission_id=bundle.mission_id,
            outcome=DeliveryOutcome.ACCEPTED,
            happened_on=sheet.collected_on,
            messages=3,
        )
    )
    session.flush()
    data_entry.forget_removed_rows(session)
    for query in (on_paper, select(CarriedSignature.position), select(PaperRow.id)):
        assert session.scalars(query).all() == []


def test_a_sheet_whose_rows_are_all_taken_out_leaves_nothing_behind(
    session: Session, settings: Settings, sheet: PaperSheet
) -> None:
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    freeze(session, sheet.campaign, settings)
    data_entry.remove_row(session, row, actor="a")
    sheets.delete_sheet(session, sheet, actor="a")
    for name in ("paper_row", "carried_signature", "signature WHERE origin = 'paper'"):
        assert session.scalar(text(f"SELECT count(*) FROM {name}")) == 0, name


@pytest.mark.parametrize("bound_first", [True, False])
def test_a_removed_row_is_to_be_blacked_out_by_its_number_until_it_is_keyed_in_anew(
    session: Session, settings: Settings, sheet: PaperSheet, *, bound_first: bool
) -> None:
    data_entry.add_row(session, sheet, ANA, actor="a")
    row = data_entry.add_row(session, sheet, EVA, actor="a")
    if bound_first:
        bundle = freeze(session, sheet.campaign, settings)
    data_entry.remove_row(session, row, actor="a")
    if not bound_first:
        assert sheets.list_black_out(session, sheet) == [], "a slip of who keys it in"
        bundle = freeze(session, sheet.campaign, settings)
    row.keyed_at = db.utcnow() - timedelta(days=data_entry.KEPT_DAYS, minutes=1)
    for _day in ("first", "when it can no longer be put back"):
        assert [
            travelling.black_out for travelling in list_travelling_sheets(session, bundle.id)
        ] == [(2,)]
        assert sheets.list_black_out(session, sheet) == [row]
        session.flush()
        data_entry.forget_removed_rows(session)
        session.expire_all()
    assert (row.details, row.email_hmac, data_entry.details_of(row)) == (None, None, None)
    data_entry.add_row(session, sheet, LEA, actor="a", position=2)
    assert [travelling.black_out for travelling in list_travelling_sheets(session, bundle.id)] == [
        ()
    ]


def test_who_ticked_no_news_on_a_sheet_is_not_told_that_nothing_was_signed(
    client: FlaskClient, session: Session, app: Flask
) -> None:
    sheet = make_sheet(session)
    data_entry.add_row(session, sheet, replace(EVA, news=False), actor="test")
    session.commit()
    assert client.post("/en/my-letters", data={"email": EVA.email}).status_code < 400
    session.rollback()
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "no-letters")).one()
    with app.app_context():
        message = render(mail, current_settings())
    plain = message.get_body(("plain",))
    assert plain is not None
    words = " ".join(plain.get_content().split())
    assert "We have no letters under this email address." in words
    assert "did not ask for news, your signature is not listed under it." in words
    assert message["Subject"] == "We have no letters under this address"
