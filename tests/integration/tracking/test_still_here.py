"""A record was deleted of which emails told, and nothing else happened: they are told so."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.deliveries import deleted_news, record_delivery
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.signature import Signature
from campaign.tracking import still_here
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign
from tests.integration.tracking.test_notices import cancel, stop, tell_all

pytestmark = [pytest.mark.first_example, pytest.mark.both_engines]

Freeze = Callable[[Campaign], int]


def remove(session: Session, *, tells: bool = False) -> None:
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test", tells=tells)
    session.commit()


def count_misled(session: Session, bundle_id: int) -> int:
    session.rollback()
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
