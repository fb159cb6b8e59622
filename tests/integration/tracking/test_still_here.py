"""A record was deleted of which emails told, and nothing else happened: they are told so."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.deliveries import deleted_news, record_delivery
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.recording_rules import Numbers
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.signature import Signature
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from campaign.tracking import still_here
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.factories import freeze_waiting, post, sign_in
from tests.integration.paper_signatures.test_sheets import ANA as ANA_ON_PAPER
from tests.integration.paper_signatures.test_sheets import make_sheet
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign
from tests.integration.tracking.test_notices import cancel, stop, tell_all

Freeze = Callable[[Campaign], int]


def remove(session: Session, *, tells: bool = False) -> None:
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test", tells=tells)
    session.commit()


def count_misled(session: Session, bundle_id: int) -> int:
    session.rollback()
    session.expire_all()
    return still_here.count_misled(session, session.get_one(Bundle, bundle_id))


def press(session: Session, bundle_id: int) -> None:
    session.rollback()
    deleted_news.tell_mistake(session, session.get_one(Bundle, bundle_id), actor="test")
    session.commit()


def list_told(mails: Mails) -> list[tuple[Any, ...]]:
    return [(mail["to"], mail["kind"], mail.get("corrects")) for mail in mails()]


TOLD, STILL_HERE = (ANA, "letter-handed-over", False), (ANA, "letter-still-here", None)


def test_whoever_deletes_a_record_has_those_told_who_were_emailed_of_it(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    bundle_id = freeze(campaign)
    sign(session, campaign, email="late@example.org")
    deliver(bundle_id)
    attempts = session.scalars(select(DeliveryAttempt)).all()
    assert still_here.count_told_of(session, attempts) == 0
    tell_all(session)
    session.rollback()
    assert still_here.count_told_of(session, attempts) == 1
    assert count_misled(session, bundle_id) == 0, "the record says that it is gone"
    remove(session, tells=True)
    assert count_misled(session, bundle_id) == 0, "they are being told"
    tell_all(session)
    tell_all(session)
    assert list_told(mails) == [TOLD, STILL_HERE]
    last = mails()[-1]
    assert (last["letters"], last["was_delivered"], last["withdrawn"]) == (1, True, False)
    assert count_misled(session, bundle_id) == 0
    deliver(bundle_id)
    tell_all(session)
    assert list_told(mails)[2:] == [TOLD], "news, no correction"


def test_an_older_refusal_is_the_truth_again(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    bundle_id = freeze(campaign)
    deliver(bundle_id, DeliveryOutcome.UNOPENED)
    deliver(bundle_id, DeliveryOutcome.POSTED)
    tell_all(session)
    remove(session)
    assert count_misled(session, bundle_id) == 1
    press(session, bundle_id)
    press(session, bundle_id)
    tell_all(session)
    assert list_told(mails) == [TOLD, STILL_HERE]
    assert mails()[-1]["was_delivered"] is False
    press(session, bundle_id)
    tell_all(session)
    assert len(mails()) == 2, "once"


def test_people_hold_a_false_email_also_once_the_bundle_is_cancelled(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    first = freeze(campaign)
    deliver(first)
    tell_all(session)
    remove(session)
    cancel(app, session, first)
    sign(session, campaign, email="omar@example.org")
    second = freeze(campaign)
    assert (count_misled(session, first), count_misled(session, second)) == (1, 0)
    listed = still_here.list_misled(session, Campaign.id == campaign.id)
    assert [(bundle.id, people) for _campaign, bundle, people in listed] == [(first, 1)]
    press(session, first)
    tell_all(session)
    assert list_told(mails) == [TOLD, STILL_HERE]
    deliver(second)
    tell_all(session)
    assert {told[2] for told in list_told(mails)[2:]} == {False}


def test_of_two_bundles_each_is_corrected_by_itself_though_readers_share_a_mailbox(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    first = freeze(campaign)
    sign(session, campaign, email=ANA, given_name="Omar", seat=2)
    second = freeze(campaign)
    for bundle_id in (first, second):
        deliver(bundle_id)
        tell_all(session)
    session.rollback()
    attempts = session.scalars(select(DeliveryAttempt)).all()
    assert still_here.count_told_of(session, attempts) == 1, "one person reads both emails"
    remove(session)
    remove(session)
    for bundle_id, writer, left in ((first, "Ana", [0, 1]), (second, "Omar", [0, 0])):
        press(session, bundle_id)
        tell_all(session)
        assert (mails()[-1]["kind"], mails()[-1]["writer"]) == ("letter-still-here", writer)
        assert [count_misled(session, each) for each in (first, second)] == left
    assert len(mails()) == 4


@pytest.mark.parametrize("is_newest_first", [False, True])
def test_of_a_cancelled_bundle_and_the_next_they_are_told_once_and_as_of_one(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    is_newest_first: bool,
) -> None:
    first = freeze(campaign)
    deliver(first)
    tell_all(session)
    remove(session)
    cancel(app, session, first)
    sign(session, campaign, email=ANA, given_name="Omar", seat=2)
    second = freeze(campaign)
    deliver(second)
    tell_all(session)
    remove(session)
    assert [count_misled(session, each) for each in (first, second)] == [1, 1]
    press(session, second if is_newest_first else first)
    tell_all(session)
    left = 0 if is_newest_first else 1
    assert [count_misled(session, each) for each in (first, second)] == [0, left]
    if left:
        assert mails()[-1]["writer"] == "Ana"
        press(session, second)
        tell_all(session)
        assert (mails()[-1]["writer"], mails()[-1]["letters"]) == ("Omar", 1)
        assert count_misled(session, second) == 0


def test_what_is_recorded_meanwhile_corrects_it_and_nobody_is_told_otherwise(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    remove(session, tells=True)
    deliver(bundle_id, DeliveryOutcome.LEFT)
    assert count_misled(session, bundle_id) == 0
    tell_all(session)
    assert list_told(mails) == [TOLD, (ANA, "letter-handed-over", True)]


def test_whoever_withdrew_is_told_and_nobody_after_a_stop(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    sign(session, campaign, email="omar@example.org")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    withdraw_letter(session, reload(session, ana), now=db.utcnow())
    session.commit()
    assert count_misled(session, bundle_id) == 2
    press(session, bundle_id)
    tell_all(session)
    told = {mail["to"]: mail["withdrawn"] for mail in mails()[2:]}
    assert told == {ANA: True, "omar@example.org": False}
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    assert count_misled(session, bundle_id) == 1
    stop(app, campaign)
    assert count_misled(session, bundle_id) == 0
    assert still_here.list_misled(session, Campaign.id == campaign.id) == []


@pytest.mark.both_engines
def test_the_pages_say_it_and_lead_to_telling_them(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    client: FlaskClient,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    sign_in(client, app, Role.ADMIN)
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    visit = session.scalars(select(GateVisit)).one()
    record = f"/desk/deliveries/{visit.public_id}"
    offer = "Email 1 person that nothing was delivered"
    assert offer not in client.get(record).text
    tell_all(session)
    assert offer in client.get(record).text
    bundle = session.get_one(Bundle, bundle_id)
    page = f"/desk/bundles/{bundle.public_id}"
    wrong, today = "1 person has a wrong email", "1 person has an email about a delivery"
    places = ((page, wrong), (f"{page}/cancel", wrong), ("/desk/today", today))
    assert not any(words in client.get(place).text for place, words in places)
    post(client, f"{record}/remove")
    for place, words in places:
        assert words in client.get(place).text, place
    post(client, f"{page}/tell-mistake")
    assert not any(words in client.get(place).text for place, words in places)
    tell_all(session)
    assert list_told(mails) == [TOLD, STILL_HERE]
    assert not any(words in client.get(place).text for place, words in places)
    deliver(bundle_id)
    tell_all(session)
    session.expire_all()
    visit = session.scalars(select(GateVisit)).one()
    post(client, f"/desk/deliveries/{visit.public_id}/remove", {"tell": "y"})
    tell_all(session)
    assert list_told(mails)[2:] == [TOLD, STILL_HERE]
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    cancel(app, session, bundle_id)
    assert all(words in client.get(place).text for place, words in (places[0], places[2]))
    assert "record it: we then email" not in client.get(page).text


def sign_beside_sheet(session: Session, campaign: Campaign) -> None:
    """Omar writes a letter, Ana signs a sheet."""
    sign(session, campaign, email="omar@example.org")
    sheet = make_sheet(session, campaign)
    data_entry.add_row(session, sheet, replace(ANA_ON_PAPER, email=ANA, news=True), actor="test")
    session.commit()


def freeze_with_sheet(app: Flask, session: Session, campaign: Campaign) -> int:
    campaign_id = campaign.id
    session.rollback()
    with app.app_context(), db.transaction() as own:
        return freeze_waiting(own, own.get_one(Campaign, campaign_id), on_paper=1).id


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_the_signer_of_a_sheet_is_told_as_well(
    app: Flask,
    session: Session,
    campaign: Campaign,
    deliver: Deliver,
    mails: Mails,
    is_cancelled: bool,
) -> None:
    sign_beside_sheet(session, campaign)
    bundle_id = freeze_with_sheet(app, session, campaign)
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    if is_cancelled:
        cancel(app, session, bundle_id)
    assert count_misled(session, bundle_id) == 2
    press(session, bundle_id)
    tell_all(session)
    assert sorted((mail["to"], mail.get("letters")) for mail in mails()[2:]) == [
        (ANA, 0),
        ("omar@example.org", 1),
    ]
    deliver(freeze_with_sheet(app, session, campaign) if is_cancelled else bundle_id)
    tell_all(session)
    told = {mail["to"]: (mail["outcome"], mail["corrects"]) for mail in mails()[4:]}
    assert told == {ANA: ("sheet-accepted", False), "omar@example.org": ("accepted", False)}


@pytest.mark.parametrize("then", [DeliveryOutcome.ACCEPTED, DeliveryOutcome.LEFT])
def test_nobody_is_told_a_second_time_what_an_email_said_before(
    app: Flask,
    session: Session,
    campaign: Campaign,
    deliver: Deliver,
    mails: Mails,
    then: DeliveryOutcome,
) -> None:
    sign_beside_sheet(session, campaign)
    bundle_id = freeze_with_sheet(app, session, campaign)
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    deliver(bundle_id, then)
    tell_all(session)
    assert count_misled(session, bundle_id) == 0
    told = {mail["to"]: mail["corrects"] for mail in mails()[2:]}
    corrected = {ANA: True, "omar@example.org": True}
    assert told == ({} if then is DeliveryOutcome.ACCEPTED else corrected)


@pytest.mark.parametrize("came_back", [True, False])
def test_a_signer_is_told_again_where_sheets_that_came_back_were_accepted_after_all(
    app: Flask,
    session: Session,
    campaign: Campaign,
    deliver: Deliver,
    mails: Mails,
    came_back: bool,
) -> None:
    sign_beside_sheet(session, campaign)
    sign(session, campaign, email="late@example.org")
    bundle_id = freeze_with_sheet(app, session, campaign)

    def accept_part(*, sheets_back: bool) -> None:
        deliver(bundle_id, DeliveryOutcome.PART, taken=1, sheets_back=sheets_back)
        with app.app_context(), db.transaction() as own:
            newest = select(DeliveryAttempt).order_by(DeliveryAttempt.id.desc())
            attempt = own.scalars(newest).first()
            assert attempt is not None
            split_bundle.name_part(own, attempt, [Numbers(1, 1)], actor="test")
        tell_all(session)

    accept_part(sheets_back=False)
    remove(session)
    accept_part(sheets_back=came_back)
    remove(session)
    accept_part(sheets_back=False)
    outcomes = [mail["outcome"] for mail in mails() if mail["to"] == ANA]
    assert outcomes == ["sheet-part", *(["sheet-refused", "sheet-part"] if came_back else [])]
