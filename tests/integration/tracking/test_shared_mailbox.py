"""Two people share a mailbox: what an email told one of them is corrected for that one alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.settings import Settings
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.record_delivery import (
    CarriedBundle,
    VisitFacts,
    record_visit,
    remove_visit,
)
from campaign.deliveries.recording_rules import Numbers
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.notice import Notice
from campaign.models.signature import WITHDRAWN, Letter, Signature, SignatureState
from campaign.paper_signatures import data_entry
from campaign.tracking import still_here
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.unnamed import note_unnamed
from tests.days import today
from tests.integration.paper_signatures.test_sheets import ANA as ANA_ON_PAPER
from tests.integration.paper_signatures.test_sheets import make_sheet
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign
from tests.integration.tracking.test_notices import cancel, tell_all
from tests.integration.tracking.test_still_here import (
    count_misled,
    freeze_with_sheet,
    press,
    remove,
)
from tests.races import wait_for_lock

Freeze = Callable[[Campaign], int]
Corrected = list[tuple[str, int]]


@pytest.fixture
def eve(session: Session, campaign: Campaign, ana: Signature) -> Signature:
    """Eve's letter; she shares Ana's mailbox."""
    return sign(session, campaign, email=ANA, given_name="Eve", seat=2)


def hold(session: Session, signature: Signature, *, is_left_out: bool = False) -> None:
    """What a risk flag does, and the remaking of its volume."""
    signature = reload(session, signature)
    signature.state, signature.state_before = SignatureState.HELD, SignatureState.CONFIRMED
    if is_left_out:
        leave_out(session, signature)
    session.commit()


def leave_out(session: Session, signature: Signature) -> None:
    own = update(Letter).where(Letter.signature_id == signature.id)
    session.execute(own.values(set_aside=WITHDRAWN, first_page=None))
    session.commit()


def approve(session: Session, signature: Signature) -> None:
    signature = reload(session, signature)
    signature.state, signature.state_before = SignatureState.CONFIRMED, None
    session.commit()


def count_told_of(session: Session) -> int:
    session.rollback()
    session.expire_all()
    return still_here.count_told_of(session, session.scalars(select(DeliveryAttempt)).all())


def list_corrected(mails: Mails) -> Corrected:
    return [
        (mail["writer"], mail["letters"]) for mail in mails() if mail["kind"] == "letter-still-here"
    ]


@pytest.mark.parametrize("is_approved", [False, True])
@pytest.mark.parametrize("is_cancelled", [False, True])
def test_whoever_was_under_review_was_told_nothing_and_gets_no_correction(
    app: Flask,
    session: Session,
    campaign: Campaign,
    eve: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    is_approved: bool,
    is_cancelled: bool,
) -> None:
    bundle_id = freeze(campaign)
    hold(session, eve, is_left_out=True)
    deliver(bundle_id)
    tell_all(session)
    assert [(mail["writer"], mail["numbers"]) for mail in mails()] == [("Ana", ["00001"])]
    if is_approved:
        approve(session, eve)
    assert count_told_of(session) == 1
    remove(session)
    if is_cancelled:
        cancel(app, session, bundle_id)
    assert count_misled(session, bundle_id) == 1
    press(session, bundle_id)
    tell_all(session)
    assert list_corrected(mails) == [("Ana", 1)]
    assert count_misled(session, bundle_id) == 0


@pytest.mark.both_engines
@pytest.mark.parametrize("has_withdrawn", [False, True])
def test_whoever_wanted_no_news_then_gets_no_correction(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    eve: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    has_withdrawn: bool,
) -> None:
    eve.consent_updates_at = None
    session.commit()
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    if has_withdrawn:
        remove(session)
        withdraw_letter(session, reload(session, ana), now=db.utcnow())
        session.commit()
    reload(session, eve).consent_updates_at = db.utcnow()
    session.commit()
    if not has_withdrawn:
        assert count_told_of(session) == 1
        remove(session)
    assert count_misled(session, bundle_id) == 1
    press(session, bundle_id)
    tell_all(session)
    assert (list_corrected(mails), mails()[-1]["withdrawn"]) == ([("Ana", 1)], has_withdrawn)


def test_of_an_email_to_another_mailbox_nothing_is_noted(
    session: Session, campaign: Campaign, ana: Signature, freeze: Freeze, deliver: Deliver
) -> None:
    sign(session, campaign, email="omar@example.org", consent_updates_at=None)
    deliver(freeze(campaign))
    tell_all(session)
    noted = select(AuditEntry.id).where(AuditEntry.action == "delivery.unnamed")
    assert session.scalars(noted).all() == []


@pytest.mark.parametrize("outcome", [DeliveryOutcome.REFUSED, DeliveryOutcome.LEFT])
def test_a_later_record_corrects_it_for_those_alone_whom_its_email_names(
    session: Session,
    campaign: Campaign,
    eve: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    outcome: DeliveryOutcome,
) -> None:
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    assert mails()[-1]["writer"] == "Ana, Eve"
    remove(session)
    hold(session, eve, is_left_out=True)
    deliver(bundle_id, outcome)
    tell_all(session)
    assert (mails()[-1]["writer"], mails()[-1]["corrects"]) == ("Ana", True)
    assert count_misled(session, bundle_id) == 1
    press(session, bundle_id)
    tell_all(session)
    assert list_corrected(mails) == [("Eve", 1)]
    assert count_misled(session, bundle_id) == 0


def test_everybody_who_was_told_is_named_and_what_is_said_is_true_of_each(
    app: Flask,
    settings: Settings,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    eve: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    omar = sign(session, campaign, email="omar@example.org", given_name="Omar")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    remove(session)
    hold(session, omar)
    withdraw_letter(session, reload(session, ana), now=db.utcnow())
    session.commit()
    press(session, bundle_id)
    tell_all(session)
    assert list_corrected(mails) == [("Eve, Ana", 2), ("Omar", 1)]
    for text, pronoun in zip(list_texts(app, settings), ("them", "it"), strict=True):
        promise = f"We have not delivered {pronoun}. If we deliver {pronoun}, we will email you."
        assert promise in text
        assert "We still have" not in text


def list_texts(app: Flask, settings: Settings) -> list[str]:
    with app.app_context(), db.reading() as session:
        query = select(OutboxMail).where(OutboxMail.kind == "letter-still-here")
        emails: list[Any] = [
            render(mail, settings) for mail in session.scalars(query.order_by(OutboxMail.id))
        ]
    return [" ".join(email.get_body(("plain",)).get_content().split()) for email in emails]


def test_each_reads_what_their_own_email_had_said(
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
    deliver(bundle_id, DeliveryOutcome.PART, taken=1)
    with app.app_context(), db.transaction() as own:
        part = own.scalars(select(DeliveryAttempt)).one()
        split_bundle.name_part(own, part, [Numbers(1, 1)], actor="test")
    deliver(bundle_id, DeliveryOutcome.POSTED)
    tell_all(session)
    remove(session)
    remove(session)
    press(session, bundle_id)
    tell_all(session)
    told = {mail["to"]: mail["was_delivered"] for mail in mails()[2:]}
    assert told == {ANA: True, "omar@example.org": False}


@pytest.mark.parametrize("has_news", [False, True])
def test_of_a_sheet_they_are_told_where_its_signer_was(
    app: Flask,
    settings: Settings,
    session: Session,
    campaign: Campaign,
    deliver: Deliver,
    mails: Mails,
    has_news: bool,
) -> None:
    sign(session, campaign, email=ANA, given_name="Eve")
    sheet = make_sheet(session, campaign)
    row = replace(ANA_ON_PAPER, email=ANA, news=True)
    added = data_entry.add_row(session, sheet, row, actor="test")
    data_entry.count_row(session, added, actor="test")
    signer = added.signature
    assert signer is not None
    asked, signer.consent_updates_at = signer.consent_updates_at, None
    if has_news:
        signer.consent_updates_at = asked
    session.commit()
    bundle_id = freeze_with_sheet(app, session, campaign)
    deliver(bundle_id)
    tell_all(session)
    reload(session, signer).consent_updates_at = asked
    session.commit()
    remove(session)
    press(session, bundle_id)
    tell_all(session)
    writer = f"Eve, {ANA_ON_PAPER.given_name}" if has_news else "Eve"
    last = mails()[-1]
    assert (last["writer"], last["letters"], last["sheet"]) == (writer, 1, has_news)
    [text] = list_texts(app, settings)
    assert ("the sheet you signed" in text) is has_news
    assert count_misled(session, bundle_id) == 0


@pytest.mark.both_engines
def test_who_deletes_a_visit_while_its_emails_go_out_waits_for_them(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, freeze: Freeze
) -> None:
    """Emails are sent with the notice locked, and note in the audit whom they did not name."""
    bundle_ids = [freeze(campaign)]
    sign(session, campaign, email="bob@example.org", given_name="Bob")
    bundle_ids.append(freeze(campaign))
    session.rollback()
    for bundle_id in bundle_ids:
        session.get_one(Bundle, bundle_id).state = BundleState.READY
    record_visit(
        session,
        carried=[CarriedBundle(session.get_one(Bundle, each)) for each in bundle_ids],
        happened=VisitFacts(outcome=DeliveryOutcome.ACCEPTED, happened_on=today()),
        key=db.new_public_id(),
        actor="test",
    )
    session.commit()
    jobs.run_now("following.find-news")
    session.rollback()

    def remove_both() -> None:
        with app.app_context(), db.transaction() as other:
            remove_visit(other, other.scalars(select(GateVisit)).one(), actor="test")

    last = select(Notice).order_by(Notice.id.desc()).limit(1).with_for_update()
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as sending:
            notice = sending.scalars(last).one()
            removed = pool.submit(remove_both)
            if sending.get_bind().dialect.name == "postgresql":
                wait_for_lock(sending)
            note_unnamed(sending, notice, [1], [])
        removed.result(timeout=30)
    assert session.scalars(select(DeliveryAttempt)).all() == []
