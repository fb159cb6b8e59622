"""News for signers: once to a mailbox, only to those who want it, ended by one click."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, text, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.campaigns.content.updates import Telling, post_update
from campaign.campaigns.create_and_edit import continue_campaign
from campaign.campaigns.status_changes import open_campaign, stop_campaign
from campaign.core import db, jobs
from campaign.core.answers import ANYTHING
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.core.settings import Settings
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import mark_posted, split_bundle
from campaign.deliveries.recording_rules import GONE_OUT, Numbers
from campaign.mail import bad_addresses, suppression_list
from campaign.mail.messages import MailState, OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import CAME_BACK, Bundle, DeliveryAttempt, DeliveryOutcome
from campaign.models.campaign import Campaign, LetterFormat, Target, UpdateKind
from campaign.models.delivery import EnvelopeRun, GateVisit
from campaign.models.notice import Notice, NoticeMail
from campaign.models.signature import WITHDRAWN, Letter, Signature, SignatureState
from campaign.tracking import news_subscription, notices
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.news_subscription import count_readers
from tests.days import days_ago, today
from tests.factories import freeze_waiting, make_target_mission, make_target_official
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign

Freeze = Callable[[Campaign], int]
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def tell_all(session: Session) -> None:
    """What the worker does, apart from sending."""
    session.rollback()
    jobs.run_now("following.find-news")
    for notice_id in session.scalars(select(Notice.id)).all():
        session.rollback()
        jobs.run_now("following.tell", notice_id)


def post(app: Flask, campaign: Campaign, kind: UpdateKind, *, signers: bool = False) -> None:
    campaign_id = campaign.id
    with app.app_context(), db.transaction() as session:
        post_update(
            session,
            session.get_one(Campaign, campaign_id),
            actor="test",
            kind=kind,
            happened_on=date(2026, 12, 5),
            words={"en": ("They answer", "In two lines.")},
            telling=Telling(signers=signers),
        )


def stop(app: Flask, campaign: Campaign) -> None:
    campaign_id = campaign.id
    with app.app_context(), db.transaction() as session:
        stopped = session.get_one(Campaign, campaign_id)
        stop_campaign(
            session, stopped, actor="test", now=db.utcnow(), reasons={"en": "She asked us to."}
        )


def sent(mails: Mails) -> list[tuple[str, str]]:
    return [(mail["kind"], mail["to"]) for mail in mails()]


def test_the_handover_is_told_with_the_numbers_to_those_whose_letter_it_was(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    sign(session, campaign, email="omar@example.org", consent_updates_at=None)
    pending = sign(session, campaign, email="pia@example.org")
    pending.state = SignatureState.PENDING
    bad = sign(session, campaign, email="gone@example.org")
    bad_addresses.mark(session, bad.email_hmac, "5.1.1")
    session.commit()
    bundle_id = freeze(campaign)
    sign(session, campaign, email="late@example.org")
    deliver(bundle_id)
    tell_all(session)
    tell_all(session)
    assert sent(mails) == [("letter-handed-over", ANA)]
    [mail] = mails()
    assert mail["numbers"] == ["00001", "00002"]
    assert mail["place"] == "At the gate of the embassy"
    assert "/news-off/" in mail["unsubscribe"]


def test_the_handover_names_none_of_the_mailbox_whose_letter_still_waits(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    first = freeze(campaign)
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    second = freeze(campaign)
    sign(session, campaign, email=ANA, seat=3, given_name="Carla")
    for bundle_id in (first, second):
        deliver(bundle_id)
        tell_all(session)
    named = [(mail["writer"], mail["numbers"]) for mail in mails()]
    assert named == [("Ana", ["00001"]), ("Bruno", ["00001"])]


@pytest.mark.both_engines
def test_an_address_keeps_its_order_in_an_email_that_runs_from_right_to_left(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
) -> None:
    deliver(freeze(campaign))
    tell_all(session)
    row = session.scalars(select(OutboxMail)).one()
    row.locale = "ar"
    email: Any = render(row, settings)
    place = "\u2068At the gate of the embassy\u2069"
    assert all(place in email.get_body((kind,)).get_content() for kind in ("plain", "html"))


def test_whoever_was_told_of_a_record_that_was_deleted_reads_that_it_was_a_mistake(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    first = freeze(campaign)
    deliver(first, DeliveryOutcome.LEFT)
    tell_all(session)
    record_delivery.remove_visit(session, session.scalars(select(GateVisit)).one(), actor="test")
    session.commit()
    deliver(first, DeliveryOutcome.COURIER)
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    second = freeze(campaign)
    deliver(second, DeliveryOutcome.REFUSED)
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    deliver(second)
    tell_all(session)
    assert [(mail["outcome"], mail["corrects"]) for mail in mails()] == [
        ("left", False),
        ("courier", True),
        ("accepted", False),
    ]
    session.rollback()
    emails: list[Any] = [
        render(email, settings)
        for email in session.scalars(select(OutboxMail).order_by(OutboxMail.id))
    ]
    for kind in ("plain", "html"):
        texts = [email.get_body((kind,)).get_content() for email in emails]
        assert ["it was a mistake" in text for text in texts] == [False, True, False]


def test_a_refusal_in_place_of_a_deleted_delivery_is_told_once(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    bundle_id = freeze(campaign)
    deliver(bundle_id, DeliveryOutcome.REFUSED)
    deliver(bundle_id, DeliveryOutcome.ACCEPTED)
    tell_all(session)
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()
    for _again in range(2):
        session.execute(update(DeliveryAttempt).values(place="At another door"))
        session.commit()
        deliver(bundle_id, DeliveryOutcome.REFUSED)
        tell_all(session)
    assert [(mail["outcome"], mail["corrects"]) for mail in mails()] == [
        ("accepted", False),
        ("refused", True),
    ]
    session.rollback()
    email = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert email is not None
    message: Any = render(email, settings)
    assert "Your letter was refused" in message["Subject"]
    text = message.get_body(("plain",)).get_content()
    refused = "refused your letter 00001. We still have it and can try again."
    assert refused in " ".join(text.split())
    assert "it was a mistake" in text
    deliver(bundle_id, DeliveryOutcome.ACCEPTED)
    tell_all(session)
    last = mails()[-1]
    assert (last["outcome"], last["corrects"]) == ("accepted", False), "the refusal was true"


def cancel(app: Flask, session: Session, bundle_id: int) -> None:
    session.rollback()
    with app.app_context(), db.transaction() as own:
        frozen_bundle = own.get_one(Bundle, bundle_id)
        cancel_bundle.cancel(own, frozen_bundle, storage.storage(), reason="", actor="test")


def give_up_after_mistake(app: Flask, session: Session, bundle_id: int, deliver: Deliver) -> None:
    """Record a delivery of which emails tell, delete the record, and cancel the bundle."""
    deliver(bundle_id)
    tell_all(session)
    record_delivery.remove_visit(session, session.scalars(select(GateVisit)).one(), actor="test")
    session.commit()
    cancel(app, session, bundle_id)


@pytest.mark.parametrize("then", [DeliveryOutcome.REFUSED, DeliveryOutcome.ACCEPTED])
def test_an_email_about_a_bundle_that_was_cancelled_since_is_corrected_once(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    then: DeliveryOutcome,
) -> None:
    give_up_after_mistake(app, session, freeze(campaign), deliver)
    sign(session, campaign, email="omar@example.org")
    second = freeze(campaign)
    deliver(second, then)
    tell_all(session)
    told = [(mail["to"], mail["outcome"], mail["corrects"]) for mail in mails()]
    corrected = [(ANA, "accepted", False), (ANA, then.value, True)]
    assert told[:2] == corrected
    assert told[2:] == [("omar@example.org", "accepted", False)][: then in GONE_OUT]
    if then is DeliveryOutcome.REFUSED:
        cancel(app, session, second)
        deliver(freeze(campaign), then)
        tell_all(session)
        assert len(mails()) == 2


@pytest.mark.parametrize("then", [DeliveryOutcome.REFUSED, DeliveryOutcome.ACCEPTED])
def test_a_cancelled_bundle_corrects_nothing_of_a_letter_to_another_mission(
    app: Flask,
    session: Session,
    campaign: Campaign,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    then: DeliveryOutcome,
) -> None:
    mission, official = make_target_mission(5), make_target_official(5)
    session.add_all([mission, official])
    campaign.targets.append(Target(official=official, mission=mission, position=1))
    session.flush()
    sign(session, campaign, email=ANA)
    first = freeze(campaign)
    session.rollback()
    with app.app_context(), db.transaction() as own:
        other = own.get_one(Campaign, campaign.id).targets[1].mission
        second = freeze_waiting(own, own.get_one(Campaign, campaign.id), mission=other).id
    give_up_after_mistake(app, session, first, deliver)
    deliver(second, then)
    tell_all(session)
    told = [(mail["outcome"], mail["corrects"]) for mail in mails()[1:]]
    assert told == [("accepted", False)][: then in GONE_OUT]


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_a_refusal_beside_a_part_is_told_once_it_is_known_whose_letters_came_back(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    came_back: DeliveryOutcome,
) -> None:
    for name in ("omar", "zoe"):
        sign(session, campaign, email=f"{name}@example.org")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_all(session)
    record_delivery.remove_visit(session, session.scalars(select(GateVisit)).one(), actor="test")
    session.commit()
    before = len(mails())
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=2)))
    session.commit()
    deliver(bundle_id, DeliveryOutcome.PART, time(10), taken=1, day=days_ago(1))
    deliver(bundle_id, came_back, time(11), day=days_ago(1))
    tell_all(session)
    assert len(mails()) == before
    session.rollback()
    long_ago = db.utcnow() - timedelta(days=9)  # nobody enters the numbers for days
    session.execute(update(Notice).values(created_at=long_ago))
    session.commit()
    part = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.PART)
    split_bundle.name_part(session, session.scalars(part).one(), [Numbers(2, 2)], actor="test")
    session.commit()
    tell_all(session)
    told = [(mail["outcome"], mail["numbers"], mail["corrects"]) for mail in mails()[before:]]
    assert sorted(told) == [
        ("accepted", ["00002"], True),
        (came_back.value, ["00001"], True),
        (came_back.value, ["00003"], True),
    ]


def remove_last_visit(session: Session) -> None:
    """Deletes the newest record."""
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    record_delivery.remove_visit(session, visit, actor="test")
    session.commit()


def tell_anew(session: Session, mails: Mails) -> list[tuple[Any, ...]]:
    """Tells, and gives what the emails say that came by it, by address."""
    before = len(mails())
    tell_all(session)
    tell_all(session)
    told = [
        (mail["to"].partition("@")[0], mail["outcome"], mail["numbers"], mail["corrects"])
        for mail in mails()[before:]
    ]
    session.rollback()
    return sorted(told)


def name_part(session: Session, *numbers: Numbers) -> None:
    part = select(DeliveryAttempt).where(DeliveryAttempt.outcome == DeliveryOutcome.PART)
    split_bundle.name_part(session, session.scalars(part).one(), numbers, actor="test")
    session.commit()


def put_into_envelopes(session: Session, bundle_id: int) -> None:
    bundle = session.get_one(Bundle, bundle_id)
    split_bundle.split_bundle(session, bundle, letters_each=1, with_letters=False, actor="test")
    session.commit()


def post_envelopes(session: Session, first: int, last: int) -> None:
    run = session.scalars(select(EnvelopeRun)).one()
    posting = mark_posted.Posting(first, last, today())
    mark_posted.post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")
    session.commit()


def test_whom_a_part_leaves_out_after_a_deleted_delivery_reads_once_what_is_so(
    session: Session, campaign: Campaign, freeze: Freeze, deliver: Deliver, mails: Mails
) -> None:
    for name in ("ana", "omar", "zoe"):
        sign(session, campaign, email=f"{name}@example.org")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    assert [told[1] for told in tell_anew(session, mails)] == ["accepted"] * 3
    remove_last_visit(session)
    deliver(bundle_id, DeliveryOutcome.PART, taken=1)
    assert tell_anew(session, mails) == []
    name_part(session, Numbers(2, 2))
    assert tell_anew(session, mails) == [
        ("ana", "refused", ["00001"], True),
        ("zoe", "refused", ["00003"], True),
    ]
    put_into_envelopes(session, bundle_id)
    post_envelopes(session, 1, 2)
    assert tell_anew(session, mails) == [
        ("ana", "posted", ["00001"], False),
        ("zoe", "posted", ["00003"], False),
    ]


def test_each_posting_in_place_of_a_deleted_delivery_corrects_the_email_of_its_letters(
    session: Session, campaign: Campaign, freeze: Freeze, deliver: Deliver, mails: Mails
) -> None:
    for name in ("ana", "omar"):
        sign(session, campaign, email=f"{name}@example.org")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_anew(session, mails)
    remove_last_visit(session)
    put_into_envelopes(session, bundle_id)
    for number, name in enumerate(("ana", "omar"), start=1):
        post_envelopes(session, number, number)
        assert tell_anew(session, mails) == [(name, "posted", [f"{number:05d}"], True)]


@pytest.mark.both_engines
def test_a_refusal_in_place_of_a_deleted_part_is_told_to_those_alone_who_were_told_of_it(
    session: Session, campaign: Campaign, freeze: Freeze, deliver: Deliver, mails: Mails
) -> None:
    for name in ("ana", "omar", "zoe"):
        sign(session, campaign, email=f"{name}@example.org")
    bundle_id = freeze(campaign)
    deliver(bundle_id, DeliveryOutcome.PART, taken=1)
    name_part(session, Numbers(2, 2))
    assert tell_anew(session, mails) == [("omar", "accepted", ["00002"], False)]
    remove_last_visit(session)
    deliver(bundle_id, DeliveryOutcome.REFUSED)
    assert tell_anew(session, mails) == [("omar", "refused", ["00002"], True)]


def test_nobody_reads_of_a_refusal_where_the_record_was_deleted_before_its_emails(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    remove_last_visit(session)
    deliver(bundle_id, DeliveryOutcome.REFUSED)
    assert tell_anew(session, mails) == []


def test_one_email_tells_a_mailbox_which_of_its_letters_were_accepted_and_which_were_not(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_anew(session, mails)
    remove_last_visit(session)
    deliver(bundle_id, DeliveryOutcome.PART, taken=1)
    name_part(session, Numbers(2, 2))
    assert tell_anew(session, mails) == [("ana", "accepted", ["00002"], True)]
    email = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).first()
    assert email is not None
    for kind in ("plain", "html"):
        message: Any = render(email, settings)
        text = " ".join(message.get_body((kind,)).get_content().split())
        assert "we delivered your letter 00002 to the" in text
        assert "refused your letter 00001. We still have it and can try again." in text


@pytest.mark.parametrize("outcome", [DeliveryOutcome.REFUSED, DeliveryOutcome.ACCEPTED])
def test_who_withdrew_after_an_untrue_email_is_told_once_that_we_did_not_deliver_the_letter(
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    outcome: DeliveryOutcome,
) -> None:
    for name in ("omar", "zoe"):
        sign(session, campaign, email=f"{name}@example.org")
    quiet = sign(session, campaign, email="quiet@example.org", consent_updates_at=None)
    bundle_id = freeze(campaign)
    deliver(bundle_id)
    tell_anew(session, mails)
    jobs.run_now("mail.sweep")
    remove_last_visit(session)
    for signature in (reload(session, ana), reload(session, quiet)):
        withdraw_letter(session, signature, db.utcnow())
        session.commit()
    # The volume is made again without the letter.
    taken_out = Letter.signature_id == ana.id
    session.execute(update(Letter).where(taken_out).values(set_aside=WITHDRAWN))
    session.commit()
    deliver(bundle_id, outcome)
    # Of the others, an email said the same before.
    others = [("omar", outcome.value, ["00002"], True), ("zoe", outcome.value, ["00003"], True)]
    assert tell_anew(session, mails) == [
        ("ana", "withdrawn", ["00001"], True),
        *others[: 0 if outcome is DeliveryOutcome.ACCEPTED else 2],
    ]
    emails = session.scalars(select(OutboxMail).order_by(OutboxMail.id.desc())).all()
    email = next(email for email in emails if email.recipient == ANA)
    message: Any = render(email, settings)
    assert "Letter not delivered" in message["Subject"]
    text = " ".join(message.get_body(("plain",)).get_content().split())
    assert "You withdrew your letter 00001. We did not deliver it." in text
    assert "it was a mistake" in text
    assert "You asked for news" not in text
    email_id = email.id
    session.rollback()
    jobs.run_now("mail.sweep")
    email = session.get_one(OutboxMail, email_id, populate_existing=True)
    assert (email.state, email.failure) == (MailState.SENT, None)


@pytest.mark.parametrize("other", [{"consent_updates_at": None}, {"email": f"x+{ANA}"}])
def test_the_handover_gives_those_it_names_no_number_of_anybody_else(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
    other: dict[str, Any],
) -> None:
    facts = {"email": ANA, "email_hmac": ana.email_hmac, "given_name": "Bruno", "seat": 2}
    sign(session, campaign, **(facts | other))
    deliver(freeze(campaign))
    tell_all(session)
    [mail] = mails()
    assert (mail["to"], mail["writer"], mail["numbers"]) == (ANA, "Ana", ["00001"])


def test_what_went_with_a_delivery_is_asked_as_often_for_three_signers_as_for_one(
    app: Flask, session: Session, campaign: Campaign, freeze: Freeze, deliver: Deliver, mails: Mails
) -> None:
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM envelope" in statement.partition("WHERE")[0]:
            asked.append(statement)

    engine, counts = app.extensions["database"].engine, []
    for signers in (1, 3):
        for number in range(signers):
            sign(session, campaign, email=f"writer{signers}-{number}@example.net")
        deliver(freeze(campaign))
        asked.clear()
        event.listen(engine, "before_cursor_execute", note)
        tell_all(session)
        event.remove(engine, "before_cursor_execute", note)
        counts.append(len(asked))
    assert len(mails()) == 4
    assert counts[0] == counts[1] > 0


def test_a_refusal_is_no_news(
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    mails: Mails,
) -> None:
    deliver(freeze(campaign), DeliveryOutcome.REFUSED)
    tell_all(session)
    assert mails() == []


def test_answer_and_outcome_are_told_and_other_updates_are_not(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    for kind in (UpdateKind.REPLY, UpdateKind.OUTCOME, UpdateKind.FURTHER_INFORMATION):
        post(app, campaign, kind)
    tell_all(session)
    assert sent(mails) == [("case-update", ANA)] * 2
    assert [mail["what"] for mail in mails()] == ["reply", "outcome"]


def test_two_of_a_household_do_not_make_the_number_of_readers_smaller(
    session: Session, campaign: Campaign, ana: Signature, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    for number in range(3):
        sign(session, campaign, email=f"reader{number}@example.org")
    monkeypatch.setattr(news_subscription, "MOST", 2)
    assert count_readers(session, campaign) == 2
    monkeypatch.setattr(news_subscription, "MOST", 5)
    assert count_readers(session, campaign) == 4


@pytest.mark.both_engines
@pytest.mark.parametrize("kind", [UpdateKind.REPLY, UpdateKind.OUTCOME])
def test_as_many_get_an_email_as_its_author_was_told(
    app: Flask, session: Session, campaign: Campaign, kind: UpdateKind
) -> None:
    confirmed = SignatureState.CONFIRMED
    people: list[dict[str, Any]] = [{"state": state} for state in SignatureState]
    people += [
        {"state": SignatureState.HELD, "state_before": confirmed},
        {"state": SignatureState.INVALID, "state_before": confirmed},
        {"state": SignatureState.INVALID, "state_before": SignatureState.HELD},
        {"consent_updates_at": None},
        {},
        {},
    ]
    signed = [
        sign(session, campaign, email=f"reader{number}@example.org", **facts)
        for number, facts in enumerate(people)
    ]
    sign(session, campaign, email="reader1@example.org", seat=2)
    bounced, suppressed = signed[-2:]
    bad_addresses.mark(session, bounced.email_hmac, "5.1.1")
    suppression_list.suppress(session, [suppressed.email_hmac])
    session.commit()
    words = news_subscription.news_readers_in_words(campaign, kind)
    readers = count_readers(session, campaign, of_end=kind is UpdateKind.OUTCOME)
    assert words == f"{readers} people"
    post(app, campaign, kind)
    tell_all(session)
    session.rollback()
    jobs.run_now("mail.sweep")
    mails = session.execute(select(OutboxMail.recipient, OutboxMail.state)).all()
    assert {state for _to, state in mails} == {MailState.SENT}
    assert len(mails) == readers == (3 if kind is UpdateKind.OUTCOME else 2)


def test_other_news_is_told_where_its_author_asks_for_it(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    mails: Mails,
    settings: Settings,
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    sign(session, campaign, email="omar@example.org", consent_updates_at=None)
    assert count_readers(session, campaign) == 1
    session.rollback()
    for kind in (UpdateKind.GOOD_NEWS, UpdateKind.FURTHER_INFORMATION, UpdateKind.REPLY):
        post(app, campaign, kind, signers=True)
    tell_all(session)
    tell_all(session)
    assert sent(mails) == [("case-update", ANA)] * 3
    subjects = [
        str(render(mail, settings)["Subject"]) for mail in session.scalars(select(OutboxMail))
    ]
    assert sorted(subjects) == [
        "Ana, Bruno – A reply to the letters for Amara Okafor",
        "Ana, Bruno – Good news about Amara Okafor",
        "Ana, Bruno – News about Amara Okafor",
    ]
    entry = session.scalars(
        select(AuditEntry).where(AuditEntry.action == "campaign.update")
    ).first()
    assert entry is not None
    assert entry.detail["told"] == ["signers"]
    session.rollback()
    stop(app, campaign)
    with pytest.raises(Invalid) as refused:
        post(app, campaign, UpdateKind.GOOD_NEWS, signers=True)
    assert refused.value.slug == "no-emails-after-stop"


def test_after_a_stop_only_the_stop_itself_and_an_outcome_are_told(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    session.rollback()
    stop(app, campaign)
    post(app, campaign, UpdateKind.OUTCOME)
    tell_all(session)
    assert sorted(sent(mails)) == [
        ("case-stopped", ANA),
        ("case-update", ANA),
        ("case-update", ANA),
    ]
    assert [mail["reason"] for mail in mails() if "reason" in mail] == ["She asked us to."]
    session.rollback()
    jobs.run_now("mail.sweep")
    rows = session.execute(select(OutboxMail.kind, OutboxMail.state).order_by(OutboxMail.id)).all()
    assert sorted(tuple(row) for row in rows) == [
        ("case-stopped", MailState.SENT),  # and, asking for no letter, the outcome; no reply
        ("case-update", MailState.FAILED),
        ("case-update", MailState.SENT),
    ]


@pytest.mark.parametrize("told_before", [False, True])
def test_an_email_about_a_stop_awaits_no_outcome_that_is_published(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    told_before: bool,
) -> None:
    session.rollback()
    if told_before:
        post(app, campaign, UpdateKind.OUTCOME)
    stop(app, campaign)
    tell_all(session)
    [mail] = session.scalars(select(OutboxMail).where(OutboxMail.kind == "case-stopped"))
    text = render(mail, settings).get_body(("plain",))
    assert text is not None
    assert ("If we learn how the case ends" in text.get_content()) == (not told_before)
    assert ("If we learn more about how" in text.get_content()) == told_before


@pytest.mark.parametrize(
    ("facts", "told", "undecided"),
    [
        ({"state": SignatureState.HELD}, True, True),
        ({"state": SignatureState.HELD, "state_before": SignatureState.CONFIRMED}, True, False),
        ({"state": SignatureState.INVALID, "state_before": SignatureState.HELD}, False, False),
        ({"state": SignatureState.REJECTED}, False, False),
        ({"state": SignatureState.PENDING}, False, False),
        ({"state": SignatureState.HELD, "consent_updates_at": None}, False, False),
    ],
    ids=["held", "held in silence", "excluded", "rejected", "not confirmed", "no news"],
)
def test_who_waits_for_a_decision_is_told_of_a_stop_and_of_the_end_and_of_nothing_else(
    app: Flask,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    ana: Signature,
    mails: Mails,
    facts: dict[str, Any],
    told: bool,
    undecided: bool,
) -> None:
    for name, value in facts.items():
        setattr(ana, name, value)
    session.commit()
    is_silent = ana.shown_state is SignatureState.CONFIRMED
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    assert sent(mails) == [("case-update", ANA)] * is_silent
    session.rollback()
    stop(app, campaign)
    post(app, campaign, UpdateKind.OUTCOME)
    tell_all(session)
    ends = [("case-stopped", ANA), ("case-update", ANA)] * told
    assert sorted(sent(mails)) == sorted([*ends, *[("case-update", ANA)] * is_silent])
    stops = [mail for mail in mails() if mail["kind"] == "case-stopped"]
    assert [mail["undecided"] for mail in stops] == [undecided] * told
    session.rollback()
    jobs.run_now("mail.sweep")
    rows = session.scalars(select(OutboxMail).where(OutboxMail.kind == "case-stopped")).all()
    assert [row.state for row in rows] == [MailState.SENT] * told


def test_who_shares_a_mailbox_with_a_confirmed_letter_reads_the_mail_of_that(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    shared = {"email": ANA, "email_hmac": ana.email_hmac, "seat": 2}
    sign(session, campaign, given_name="Bruno", state=SignatureState.HELD, **shared)
    stop(app, campaign)
    tell_all(session)
    [mail] = mails()
    assert (mail["undecided"], mail["writer"]) == (False, "Ana, Bruno")


@pytest.mark.both_engines
def test_a_walk_that_was_cut_short_goes_on_and_tells_nobody_twice(
    app: Flask, session: Session, campaign: Campaign, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "_SIGNATURES_AT_ONCE", 2)
    for number in range(5):
        sign(session, campaign, email=f"writer{number}@example.net")
    post(app, campaign, UpdateKind.REPLY)
    session.rollback()
    jobs.run_now("following.find-news")
    notice = session.scalars(select(Notice.id)).one()
    session.rollback()
    assert notices.tell_batch(notice)
    assert len(mails()) == 2
    # As if the walk had died after its mails and begun anew.
    with app.app_context(), db.transaction() as other:
        other.get_one(Notice, notice).last_signature_id = 0
    jobs.run_now("following.tell", notice)
    jobs.run_now("following.tell", notice)
    assert sorted(mail["to"] for mail in mails()) == [f"writer{n}@example.net" for n in range(5)]
    assert session.get_one(Notice, notice).finished_at is not None


def test_news_reaches_a_mailbox_that_somebody_filled_with_other_mails(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    client: FlaskClient,
    mails: Mails,
) -> None:
    for _ in range(5):
        client.post("/en/my-letters", data={"email": ANA})
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    assert sent(mails)[-1] == ("case-update", ANA)
    assert len(session.scalars(select(NoticeMail.notice_id)).all()) == 1


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({}, "Ana, Bruno"),
        ({"given_name": "Buy it at x.example"}, ""),
        ({"consent_updates_at": None}, "Ana"),
        ({"email": f"x+{ANA}"}, "Ana"),  # another spelling may be another mailbox
    ],
)
def test_news_names_those_of_the_mailbox_who_asked_for_it(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    mails: Mails,
    settings: Settings,
    other: dict[str, Any],
    named: str,
) -> None:
    facts = {"email": ANA, "email_hmac": ana.email_hmac, "given_name": "Bruno", "seat": 2}
    sign(session, campaign, **(facts | other))
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    session.rollback()
    [mail] = mails()
    assert (mail["to"], mail["writer"]) == (ANA, named)
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    hello = f"Hello {named}. " if named else ""
    for kind in ("plain", "html"):
        part: Any = message.get_body((kind,))
        assert f"{hello}You wrote for Amara Okafor" in part.get_content(), kind


# --- Switching off -------------------------------------------------------------------------------


@pytest.fixture
def told(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, settings: Settings
) -> EmailMessage:
    """A mail with news, as it goes out."""
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    session.rollback()
    return render(session.scalars(select(OutboxMail)).one(), settings)


def off(message: EmailMessage) -> str:
    return str(message["List-Unsubscribe"]).strip("<>").removeprefix("http://127.0.0.1:5000")


def test_a_mail_program_ends_the_news_by_one_click(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage
) -> None:
    assert told["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain: Any = told.get_body(("plain",))
    assert plain.get_content().rstrip().endswith(off(told))
    provider = {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post(off(told), data={"on": "1"}, headers=provider).status_code == 400
    assert reload(session, ana).consent_updates_at is not None
    response = client.post(off(told), data=ONE_CLICK, headers=provider)
    assert response.status_code == 200
    assert reload(session, ana).consent_updates_at is None
    # Switching on is for people: no other site can do it for them.
    on = client.post(f"/en{off(told)}", data={"on": "1"}, headers=provider)
    assert on.status_code == 403
    assert reload(session, ana).consent_updates_at is None


def test_a_link_speaks_for_nobody_else_of_its_mailbox(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, told: EmailMessage
) -> None:
    bruno = sign(session, campaign, email=ANA, seat=2, given_name="Bruno", consent_updates_at=None)
    for on in ("0", "1"):
        client.post(f"/en{off(told)}", data={"on": on})
        assert reload(session, bruno).consent_updates_at is None
    assert reload(session, ana).consent_updates_at is not None


def test_who_wrote_twice_shares_the_address_with_nobody(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, told: EmailMessage
) -> None:
    name = {"given_name": "Ana", "family_name": ana.family_name}
    again = sign(session, campaign, email=ANA, seat=2, **name)
    page = client.post(f"/en{off(told)}", data={"on": "0"}).text
    assert "You share this email address" not in page
    assert reload(session, again).consent_updates_at is None


def test_the_page_names_the_other_of_the_mailbox_alone_where_only_that_one_gets_news(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, told: EmailMessage
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    reload(session, ana).consent_updates_at = None
    session.commit()
    page = client.get(off(told)).text
    assert "You share this email address. This applies to: <bdi>Bruno</bdi>." in page


@pytest.mark.parametrize("way", ["one click", "button"])
def test_a_link_stops_the_news_of_all_whom_its_email_addresses(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    mails: Mails,
    settings: Settings,
    way: str,
) -> None:
    shared = {"email": ANA, "email_hmac": ana.email_hmac}
    bruno = sign(session, campaign, **shared, seat=2, given_name="Bruno")
    # Another spelling may be another mailbox: of it nothing is said or done here.
    other = f"x+{ANA}"
    zoe = sign(session, campaign, **shared | {"email": other}, seat=3, given_name="Zoe")
    # Who only typed the address may not be of this mailbox.
    lena = sign(
        session, campaign, **shared, seat=4, given_name="Lena", state=SignatureState.PENDING
    )
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    link = off(render(session.scalars(select(OutboxMail)).one(), settings))
    session.rollback()
    sentence = "You share this email address. This applies to: <bdi>Ana</bdi>, <bdi>Bruno</bdi>."
    asked = client.get(link).text
    if way == "one click":
        ended = client.post(link, data=ONE_CLICK).text
    else:
        ended = client.post(f"/en{link}", data={"on": "0"}).text
    for page in (asked, ended):
        assert sentence in page
        assert "Zoe" not in page
        assert "Lena" not in page
    assert reload(session, lena).consent_updates_at is not None
    assert reload(session, ana).consent_updates_at is None
    assert reload(session, bruno).consent_updates_at is None
    assert reload(session, zoe).consent_updates_at is not None
    post(app, campaign, UpdateKind.OUTCOME)
    tell_all(session)
    assert [mail["to"] for mail in mails()] == [ANA, other]
    session.rollback()
    jobs.run_now("mail.sweep")
    rows = session.execute(select(OutboxMail.state, OutboxMail.failure).order_by(OutboxMail.id))
    assert [tuple(row) for row in rows] == [
        (MailState.FAILED, "no longer wanted"),
        (MailState.SENT, None),
    ]


def test_undoing_gives_the_news_back_to_those_alone_who_had_it(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, told: EmailMessage
) -> None:
    bruno = sign(session, campaign, email=ANA, seat=2, given_name="Buy it at x.example")
    carla = sign(session, campaign, email=ANA, seat=3, consent_updates_at=None)
    ended = client.post(f"/en{off(told)}", data={"on": "0"}).text
    assert "You share this email address. This applies to all of you." in ended
    assert "x.example" not in ended
    fields = MultiDict(re.findall(r'name="(on|reader)" value="([^"]*)"', ended))
    back = client.post(f"/en{off(told)}", data=fields).text
    assert "You will get news about this case again" in back
    assert "This applies to all of you." in back
    for signature, has_news in ((ana, True), (bruno, True), (carla, False)):
        assert (reload(session, signature).consent_updates_at is not None) is has_news
    # Who stopped their own in My letters alone is stopped with the mailbox, and back by their link.
    ana = reload(session, ana)
    ana.consent_updates_at = None
    session.commit()
    client.post(off(told), data=ONE_CLICK)
    assert reload(session, bruno).consent_updates_at is None
    client.post(f"/en{off(told)}", data={"on": "1"})
    assert reload(session, ana).consent_updates_at is not None
    assert reload(session, bruno).consent_updates_at is None


@pytest.mark.parametrize("name", ["Ana", "Buy it at x.example"])
def test_the_link_opened_again_says_whose_news_its_button_brings_back(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage, name: str
) -> None:
    only = "You share this email address. The button below is"
    named = f"{only} for <bdi>Ana</bdi> only." if name == "Ana" else f"{only} only for the person"
    link = off(told)
    reload(session, ana).given_name = name
    session.commit()
    client.post(link, data=ONE_CLICK)
    assert only not in client.get(link).text, "Ana has the mailbox alone"
    bruno = sign(session, ana.campaign, email=ANA, seat=2, given_name="Bruno")
    client.post(link, data=ONE_CLICK)
    for page in (client.get(link).text, client.post(link, data=ONE_CLICK).text):
        assert named in page
        assert "This applies to" not in page
        assert "Bruno" not in page
    fields = MultiDict(re.findall(r'name="(on|reader)" value="([^"]*)"', client.get(link).text))
    back = client.post(f"/en{link}", data=fields).text
    assert ("This applies to: <bdi>Ana</bdi>." in back) is (name == "Ana")
    assert "applies to all of you" not in back
    assert reload(session, ana).consent_updates_at is not None
    assert reload(session, bruno).consent_updates_at is None


@pytest.mark.both_engines
@pytest.mark.parametrize("cards", [False, True])
def test_who_stops_the_news_is_promised_no_delivery(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Freeze,
    deliver: Deliver,
    told: EmailMessage,
    cards: bool,
) -> None:
    thing = "card" if cards else "letter"
    reload(session, ana).campaign.format = LetterFormat.CARD if cards else LetterFormat.LETTER
    session.commit()

    def lead() -> str:
        page = client.post(f"/en{off(told)}", data={"on": "0"}).text
        [text] = re.findall(r'<p class="lead">(.*?)</p>', page)
        return str(text).removeprefix("We will not email you news about this case.").strip()

    def move(state: SignatureState) -> None:
        reload(session, ana).state = state
        session.commit()

    assert lead() == f"This does not withdraw your {thing}."
    for state in (SignatureState.PENDING, SignatureState.REJECTED, SignatureState.WITHDRAWN):
        move(state)
        assert lead() == ""
    move(SignatureState.CONFIRMED)
    bundle_id = freeze(reload(session, ana).campaign)
    assert lead() == f"This does not withdraw your {thing}."
    deliver(bundle_id)
    assert lead() == ""
    stop(app, campaign)
    assert lead() == f"This action has been stopped. We will not deliver any more {thing}s."
    asked = client.post(f"/en{off(told)}", data={"on": "1"}).text
    assert "If we learn how the case ends, we will email you." in asked
    assert (
        "If you stop, we will not email you about how the case ends." in client.get(off(told)).text
    )
    move(SignatureState.WITHDRAWN)
    assert lead() == ""


def test_after_a_stop_who_ends_the_news_of_a_letter_that_waited_reads_that_it_is_not_delivered(
    app: Flask, client: FlaskClient, campaign: Campaign, told: EmailMessage
) -> None:
    stop(app, campaign)
    ended = client.post(off(told), data=ONE_CLICK).text
    assert "This action has been stopped. We will not deliver your letter." in ended


def test_nobody_whose_address_was_deleted_is_offered_news(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage
) -> None:
    forgotten = reload(session, ana)
    forgotten.forgotten_at, forgotten.email = db.utcnow(), ""
    session.commit()
    for page in (client.get(off(told)), client.post(f"/en{off(told)}", data={"on": "1"})):
        assert "This link no longer stops any emails" in page.text
    assert "Get news about this case" not in page.text


@pytest.mark.parametrize("end", ["switched off", "withdrawn"])
def test_news_that_waits_is_not_sent_to_who_wants_none_any_more(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage, end: str
) -> None:
    if end == "switched off":
        client.post(off(told), data=ONE_CLICK)
    else:
        ana.state = SignatureState.WITHDRAWN
        session.commit()
    session.rollback()
    jobs.run_now("mail.sweep")
    [mail] = session.scalars(select(OutboxMail))
    assert (mail.state, mail.failure) == (MailState.FAILED, "no longer wanted")


def test_a_damaged_signature_keeps_the_news_from_nobody_else(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    sign(session, campaign, email="omar@example.org")
    session.execute(text("UPDATE signature SET email = own_words WHERE id = :id"), {"id": ana.id})
    session.commit()
    post(app, campaign, UpdateKind.REPLY)
    tell_all(session)
    assert sent(mails) == [("case-update", ANA), ("case-update", "omar@example.org")]
    assert mails()[0]["writer"] == "Bruno"


def test_looking_ends_nothing_and_the_button_does_and_undoes(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage
) -> None:
    for ask in (client.get, client.head, client.options):
        ask(off(told))
    assert reload(session, ana).consent_updates_at is not None
    page = client.post(f"/en{off(told)}", data={"on": "0"})
    for stopped in (page, client.get(f"/en{off(told)}"), client.get(f"{off(told)}?lang=en")):
        assert "<h1>No more news about this case</h1>" in stopped.text
    assert reload(session, ana).consent_updates_at is None
    assert (
        "You will get news about this case again"
        in client.post(f"/en{off(told)}", data={"on": "1"}).text
    )
    assert reload(session, ana).consent_updates_at is not None


def test_the_page_that_stops_news_can_be_read_in_each_language(
    client: FlaskClient, told: EmailMessage
) -> None:
    address = off(told)
    languages = ("en", "fr", "es", "ar")
    pages = [client.get(address), *(client.get(f"{address}?lang={code}") for code in languages)]
    pages.append(client.post(address, data=ONE_CLICK))
    for page, code in zip(pages, ("en", *languages, "en"), strict=True):
        assert f'<html lang="{code}"' in page.text
        assert f'lang="{code}" hreflang="{code}" aria-current="true"' in page.text
        assert re.findall(r'<li><a href="([^"]*)" lang', page.text) == [
            f"{address}?lang={other}" for other in languages
        ]


def test_a_link_that_was_not_made_here_ends_nothing(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage
) -> None:
    address = off(told)
    other = address.replace(ana.public_id, "x" * 22)
    for forged in (other, address[:-1] + ("A" if address[-1] != "A" else "B"), address + "."):
        assert client.post(forged, data=ONE_CLICK).status_code == 404
    assert client.post(f"/en/news-off/{ana.public_id}").status_code == 404
    assert reload(session, ana).consent_updates_at is not None


def test_after_erasure_the_link_says_that_nothing_is_held(
    client: FlaskClient, session: Session, ana: Signature, told: EmailMessage
) -> None:
    session.delete(session.get_one(Signature, ana.id))
    session.commit()
    page = client.post(off(told), data=ONE_CLICK)
    assert page.status_code == 200
    assert '<html lang="ar"' in client.get(f"{off(told)}?lang=ar").text
    assert "This link no longer stops any emails" in page.text


def continue_it(app: Flask, campaign: Campaign) -> int:
    """An open action that continues the campaign; its id."""
    earlier_id = campaign.id
    with app.app_context(), db.transaction() as session:
        draft = continue_campaign(
            session,
            session.get_one(Campaign, earlier_id),
            actor="test",
            created_by_id=None,
            reference="UA 90/26",
        )
        open_campaign(session, draft, actor="test", now=db.utcnow(), copied_seen=ANYTHING)
        return draft.id


@pytest.mark.both_engines
def test_who_wrote_for_the_earlier_action_and_asked_for_news_hears_once_that_it_goes_on(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    sign(session, campaign, email="omar@example.org", consent_updates_at=None)
    later_id = continue_it(app, campaign)
    jobs.run_now("following.continued", later_id)
    tell_all(session)
    tell_all(session)
    assert sent(mails) == [("case-continued", ANA)]
    [mail] = mails()
    assert mail["reference"] == campaign.reference
    assert mail["case_url"].endswith("/en/actions/ua-90-26")
    session.rollback()
    # A stop of the earlier action holds also the mail that leads away from it.
    stop(app, campaign)
    jobs.run_now("mail.sweep")
    session.rollback()
    [row] = session.scalars(select(OutboxMail).where(OutboxMail.kind == "case-continued"))
    assert row.state is MailState.FAILED


def test_nobody_is_led_to_an_action_that_was_stopped_meanwhile(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    later_id = continue_it(app, campaign)
    stop(app, session.get_one(Campaign, later_id))
    session.rollback()
    tell_all(session)
    assert sent(mails) == []
