"""Who signed a sheet is told where it was taken and how that ended: on a page and by email."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings
from campaign.deliveries.carried_paper import list_papers
from campaign.mail.messages import OutboxMail, address_fingerprint
from campaign.mail.sender import render
from campaign.models.bundle import Bundle, BundlePrint, BundleState, DeliveryOutcome
from campaign.models.campaign import Campaign, LetterFormat
from campaign.models.delivery import GateVisit, Rerouting
from campaign.models.paper_signature import PaperSheet
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry
from campaign.privacy.subject_access import gather_data
from campaign.tracking.letter_links import Mailbox
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.news_subscription import switch_news
from tests.days import days_ago
from tests.factories import post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, freeze, print_bundle, reload
from tests.integration.conftest import Keep
from tests.integration.deliveries.conftest import form, other_mission
from tests.integration.deliveries.test_envelopes import posting
from tests.integration.paper_signatures.test_sheets import sign_online
from tests.integration.paper_signatures.test_withdrawn_rows import (
    MIKA,
    box,
    eva,
    in_envelopes,
    open_letters,
    print_sheet,
    sheet,
)
from tests.integration.tracking.test_notices import tell_all

__all__ = [
    "box",
    "eva",
    "freeze",
    "in_envelopes",
    "other_mission",
    "print_bundle",
    "print_sheet",
    "sheet",
]

Record = Callable[..., None]


@pytest.fixture
def bundle_id(
    app: Flask, client: FlaskClient, session: Session, print_sheet: Callable[..., int], keep: Keep
) -> int:
    """A bundle of two letters, with the sheet, and staff who may record its delivery."""

    def make() -> int:
        bundle_id = print_sheet()
        bundle = reload(session, bundle_id)
        bundle.created_at = bundle.ready_at = db.utcnow() - timedelta(days=2)
        session.execute(update(BundlePrint).values(made_at=bundle.created_at))
        session.commit()
        return bundle_id

    session.rollback()
    sign_in(client, app, Role.STAFF)
    return keep("bundle", make)


@pytest.fixture
def record(client: FlaskClient, session: Session, bundle_id: int) -> Record:
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"

    def run(outcome: str, **more: str) -> None:
        session.rollback()
        taken = more.pop("taken", "")
        sheets = {f"sheets_{bundle_id}": "accepted"} if taken else {}
        more = {"happened_time": "", f"taken_{bundle_id}": taken} | sheets | more
        sent = form(outcome=outcome, **more)
        assert post(client, f"{url}/deliver", sent).status_code == 303
        if taken:
            assert post(client, f"{url}/after/part", {"numbers": "1"}).status_code == 303

    return run


def mails(session: Session, settings: Settings) -> list[str]:
    """The emails that are due, each as its subject and its words."""
    tell_all(session)
    session.rollback()
    texts = []
    for mail in session.scalars(select(OutboxMail).order_by(OutboxMail.id)):
        message = render(mail, settings)
        part = message.get_body(("plain",))
        assert part is not None
        texts.append(f"{message['Subject']}\n{part.get_content()}")
    return [re.sub("[\u2066-\u2069]", "", text) for text in texts]


def marks(client: FlaskClient, url: str) -> list[str]:
    page = client.get(url).text
    return [title for title in ENDS if f">{title}</p>" in page]  # those ahead have more in it


def remove_last_visit(client: FlaskClient, session: Session) -> None:
    session.rollback()
    visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
    assert visit is not None
    address = f"/desk/deliveries/{visit.public_id}/remove"
    session.rollback()
    assert post(client, address).status_code == 303


ENDS = (
    "Delivered",
    "Left at the door",
    "Sent by courier",
    "Some letters were accepted",
    "Refused at the door",
    "No one opened the door",
)


@pytest.mark.parametrize(
    ("outcome", "more", "shown", "told"),
    [
        ("accepted", {}, "Delivered", "we delivered the sheet you signed to the "),
        ("left", {}, "Left at the door", "we left the sheet you signed at the door of the "),
        ("courier", {}, "Sent by courier", "we sent the sheet you signed by courier to the "),
        (
            "part",
            {"taken": "1"},
            "Some letters were accepted",
            "we took the sheet you signed to the ",
        ),
        ("refused", {}, "Refused at the door", ""),
        ("unopened", {}, "No one opened the door", ""),
    ],
)
def test_the_page_and_one_email_say_where_the_sheet_was_taken(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    record: Record,
    outcome: str,
    more: dict[str, str],
    shown: str,
    told: str,
) -> None:
    url = f"{box}/{eva.public_id}"
    assert marks(client, url) == []
    record(outcome, **more)
    assert marks(client, url) == [shown]
    assert "mbassy" in client.get(url).text
    texts = mails(session, settings)
    assert len(texts) == bool(told)
    for text in texts:
        assert told in text
        assert "You signed for" in text
        assert "your letter" not in text.lower()
    if outcome == "accepted":
        record_again = mails(session, settings)
        assert record_again == texts, "once"
        assert "We delivered your sheet: " in texts[0]
        assert "Delivered" in client.get(box).text
    if outcome == "part":
        reasons = {"en": "She asked us to."}
        campaign = session.scalars(select(Campaign)).one()
        stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons=reasons)
        session.commit()
        assert f'<span class="status">{shown}</span>' in client.get(box).text, "it went"
        session.execute(update(Campaign).values(format=LetterFormat.CARD))
        session.commit()
        assert '<span class="status">Some cards were accepted</span>' in client.get(box).text


def test_my_letters_says_when_the_sheet_was_signed_and_what_happened_last(
    client: FlaskClient, session: Session, box: str, sheet: PaperSheet, record: Record
) -> None:
    signed_on = sheet.collected_on.isoformat()
    signed = re.compile(f'<p><time datetime="{signed_on}">[^<]+</time>&nbsp;· Signed</p>')
    assert len(signed.findall(client.get(box).text)) == 1
    record("part", taken="1")
    page = client.get(box).text
    assert len(signed.findall(page)) == 1
    assert "</time>&nbsp;· Some letters were accepted</p>" in page


@pytest.mark.parametrize("days", [1, 0])
def test_a_part_of_an_earlier_moment_that_is_recorded_later_is_not_told_again(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    record: Record,
    days: int,
) -> None:
    url = f"{box}/{eva.public_id}"
    record("accepted", happened_on=days_ago(1).isoformat(), happened_time="15:00")
    told = mails(session, settings)
    assert len(told) == 1
    happened_on = days_ago(1 + days).isoformat()
    record("part", taken="1", happened_on=happened_on, happened_time="" if days else "09:00")
    assert marks(client, url) == ["Some letters were accepted"], "with that the sheet went"
    assert mails(session, settings) == told


def test_of_a_part_with_which_the_sheet_came_back_only_a_correction_is_told(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    bundle_id: int,
    record: Record,
) -> None:
    url, came_back = f"{box}/{eva.public_id}", {f"sheets_{bundle_id}": "back"}
    record("part", taken="1", **came_back)
    assert marks(client, url) == ["Refused at the door"]
    assert mails(session, settings) == []
    remove_last_visit(client, session)
    record("accepted")
    mails(session, settings)
    remove_last_visit(client, session)
    record("part", taken="1", **came_back)
    [_first, text] = mails(session, settings)
    assert "We corrected our record." in text
    assert "refused the sheet you" in text


@pytest.mark.both_engines
def test_a_refusal_stays_on_the_page_and_the_delivery_is_told(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    record: Record,
) -> None:
    url = f"{box}/{eva.public_id}"
    record("refused")
    record("accepted")
    assert marks(client, url) == ["Delivered", "Refused at the door"]
    [text] = mails(session, settings)
    assert "we delivered the sheet you signed" in text


@pytest.mark.parametrize("then", ["left", "refused"])
def test_a_record_that_was_a_mistake_is_corrected_by_the_next(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    record: Record,
    then: str,
) -> None:
    url = f"{box}/{eva.public_id}"
    record("accepted")
    mails(session, settings)
    remove_last_visit(client, session)
    assert marks(client, url) == []
    record(then)
    [_first, text] = mails(session, settings)
    assert "We corrected our record." in text
    told = {"left": "we left the sheet you signed at the door", "refused": "refused the sheet you"}
    assert told[then] in text
    if then == "refused":
        record("accepted")
        text = mails(session, settings)[2]
        assert "we delivered the sheet you signed" in text
        assert "We corrected our record." not in text, "the refusal was true"


def test_a_record_that_was_a_mistake_is_corrected_by_that_of_a_bundle_made_since(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    freeze: Freeze,
    print_bundle: Print,
    eva: Signature,
    bundle_id: int,
    record: Record,
) -> None:
    campaign_id = eva.campaign_id
    record("accepted")
    mails(session, settings)
    remove_last_visit(client, session)
    cancelled = reload(session, bundle_id)
    cancel_bundle.cancel(session, cancelled, storage.storage(), reason="", actor="test")
    session.commit()
    made_since = freeze(campaign_id, on_paper=1)
    assert print_bundle(made_since) is BundleState.READY
    url = f"/desk/bundles/{reload(session, made_since).public_id}/deliver"
    session.rollback()
    assert post(client, url, form(happened_time="", outcome="refused")).status_code == 303
    text = mails(session, settings)[-1]
    assert "refused the sheet you" in text
    assert "We corrected our record." in text


def test_a_record_that_was_a_mistake_is_corrected_by_that_of_the_mission_to_which_the_sheet_moved(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    print_bundle: Print,
    eva: Signature,
    bundle_id: int,
    record: Record,
    other_mission: str,
) -> None:
    eva_id = eva.id
    record("refused")
    record("accepted")
    assert len(mails(session, settings)) == 1
    remove_last_visit(client, session)
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}/after/reroute"
    session.rollback()
    assert post(client, url, {"mission": other_mission}).status_code == 303
    moved_to = session.scalars(select(Rerouting.to_bundle_id)).one()
    session.rollback()
    assert print_bundle(moved_to) is BundleState.READY
    url = f"/desk/bundles/{reload(session, moved_to).public_id}/deliver"
    session.rollback()
    assert post(client, url, form(happened_time="")).status_code == 303
    [_first, text] = mails(session, settings)
    assert "We corrected our record." in text
    assert "we delivered the sheet you signed" in text
    trips = list_trips(session, session.get_one(Signature, eva_id))
    assert [trip.fate.value for trip in trips] == ["refused", "accepted"], "of both missions"


def test_after_a_refusal_the_page_says_that_the_sheet_is_here_and_where_it_goes_next(
    client: FlaskClient,
    session: Session,
    box: str,
    eva: Signature,
    bundle_id: int,
    record: Record,
    other_mission: str,
) -> None:
    url = f"{box}/{eva.public_id}"
    here = "The sheet you signed was refused at the door. We still have it and can try again."
    assert here not in client.get(url).text
    record("refused")
    page = client.get(url).text
    assert here in page
    assert marks(client, url) == ["Refused at the door"]
    assert "Consulate of the Republic" not in page
    online = session.scalars(select(Signature).where(Signature.origin == Origin.ONLINE)).first()
    assert online is not None
    letter = f"{open_letters(session, online)}/{online.public_id}"
    session.rollback()
    assert "Your letter was refused at the door. We still have it" in client.get(letter).text
    way = f"/desk/bundles/{reload(session, bundle_id).public_id}/after/reroute"
    session.rollback()
    assert post(client, way, {"mission": other_mission}).status_code == 303
    page = client.get(url).text
    assert here in page
    ahead = page.partition('class="is-ahead"')[2]
    assert ">Delivered<" in ahead
    assert "Consulate of the Republic" in ahead
    moved_to = session.scalars(select(Bundle).order_by(Bundle.id.desc())).first()
    assert moved_to is not None
    moved_to.state = BundleState.READY
    deliver = f"/desk/bundles/{moved_to.public_id}/deliver"
    session.commit()
    assert post(client, deliver, form(happened_time="")).status_code == 303
    page = client.get(url).text
    assert here not in page
    assert 'class="is-ahead"' not in page
    assert marks(client, url) == ["Delivered", "Refused at the door"]


@pytest.mark.both_engines
def test_a_posted_envelope_is_no_news_of_the_sheet(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    in_envelopes: object,
) -> None:
    url = f"{box}/{eva.public_id}"
    visits = session.scalars(select(GateVisit)).one().attempts[0]
    assert visits.bundle is not None
    bundle_url = f"/desk/bundles/{visits.bundle.public_id}"
    session.rollback()
    sent = posting(first="1", last="1")
    assert post(client, f"{bundle_url}/after/post", sent).status_code == 303
    assert mails(session, settings) == []
    assert marks(client, url) == ["Refused at the door"]


@pytest.mark.both_engines
@pytest.mark.parametrize("why", ["withdrawn", "excluded", "no news", "by hand"])
def test_nobody_is_told_who_does_not_count_or_want_it(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    box: str,
    eva: Signature,
    bundle_id: int,
    record: Record,
    why: str,
) -> None:
    url, eva_id = f"{box}/{eva.public_id}", eva.id
    more = {}
    if why in {"withdrawn", "by hand"}:
        assert post(client, f"{url}/withdraw").status_code == 303
        session.rollback()
        bundle = reload(session, bundle_id)
        papers = list_papers(session, bundle)
        paper = next(paper for paper in papers if paper.unreadable is (why == "by hand"))
        more = {f"paper_{bundle_id}": paper.value}
    elif why == "excluded":
        excluded = {"state": SignatureState.INVALID, "state_before": SignatureState.CONFIRMED}
        db.update_rows(session, Signature, Signature.id == eva_id, **excluded)
    else:
        switch_news(session, session.get_one(Signature, eva_id), on=False, now=db.utcnow())
    session.commit()
    if why == "excluded":
        papers = list_papers(session, reload(session, bundle_id))
        more = {f"paper_{bundle_id}": papers[0].value} if len(papers) > 1 else {}
    record("accepted", **more)
    if why == "by hand":  # also where the row counts again since
        db.update_rows(
            session,
            Signature,
            Signature.id == eva_id,
            state=SignatureState.CONFIRMED,
            withdrawn_at=None,
            consent_updates_at=db.utcnow(),
        )
        session.commit()
        assert marks(client, url) == []
    assert mails(session, settings) == []
    if why == "withdrawn":
        assert marks(client, url) == []


def test_an_email_tells_of_a_letter_and_of_the_sheet_that_went_with_it(
    session: Session,
    settings: Settings,
    app: Flask,
    client: FlaskClient,
    sheet: PaperSheet,
    eva: Signature,
    print_sheet: Callable[..., int],
) -> None:
    mailbox = {"email": eva.email, "email_hmac": eva.email_hmac}
    sign_online(session, sheet.campaign, MIKA, **mailbox, consent_updates_at=db.utcnow())
    session.commit()
    bundle_id = print_sheet()
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}/deliver"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert post(client, url, form(happened_time="")).status_code == 303
    [text] = mails(session, settings)
    number = session.scalars(select(Letter.sequence).order_by(Letter.id.desc())).first()
    assert f"we delivered your letter {number:05d} to the" in text
    assert "we delivered the sheet you signed to the" in text


def take_letters(session: Session, signature: Signature) -> list[dict[str, Any]]:
    session.rollback()
    now = db.utcnow()
    with force_locale("en"):
        held = gather_data(session, Mailbox(signature.email, signature.email_hmac, now), now)
    return cast(list[dict[str, Any]], held.data["letters"])


@pytest.mark.both_engines
def test_what_is_held_of_who_signed_by_hand_says_where_the_sheet_was_taken(
    session: Session, eva: Signature, record: Record
) -> None:
    record("refused", happened_on=days_ago(1).isoformat())
    record("accepted")
    [letter] = take_letters(session, eva)
    [sent] = letter["sent_to"]
    assert sent["sheet"]["place"] == "Hull"
    assert (sent["sheet"]["row"], sent["bundle"], sent["number"]) == (2, 1, "P00002")
    refused, accepted = sent["deliveries"]
    assert (refused["on"], refused["outcome"]) == (days_ago(1), DeliveryOutcome.REFUSED)
    assert (accepted["on"], accepted["outcome"]) == (days_ago(0), DeliveryOutcome.ACCEPTED)
    assert "mbassy" in accepted["to"]


@pytest.mark.both_engines
@pytest.mark.parametrize("is_own", [True, False])
def test_what_is_held_of_a_writer_tells_of_the_row_of_the_same_address(
    session: Session,
    app: Flask,
    client: FlaskClient,
    sheet: PaperSheet,
    print_sheet: Callable[..., int],
    is_own: bool,
) -> None:
    address = "mika@example.org"
    prints = {"email": address, "email_hmac": address_fingerprint(address)}
    letter = sign_online(session, sheet.campaign, MIKA, **prints)
    on_row = address if is_own else "someone@example.org"
    data_entry.add_row(session, sheet, replace(MIKA, email=on_row), actor="test")
    session.commit()
    bundle_id = print_sheet()
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}/deliver"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert post(client, url, form(happened_time="")).status_code == 303
    [held] = take_letters(session, letter)
    assert len(held["sent_to"]) == 1
    if not is_own:
        assert held["also_on_sheets"] == []
        return
    [row] = held["also_on_sheets"]
    assert (row["sheet"]["place"], row["sheet"]["row"]) == ("Hull", 3)
    assert (row["says"]["given_name"], row["says"]["email"]) == ("Mika", address)
    assert [went["on"] for went in row["deliveries"]] == [days_ago(0)]


def test_the_record_says_that_signed_sheets_went_along(
    client: FlaskClient, session: Session, bundle_id: int, record: Record
) -> None:
    signed = "2 people on signed sheets"
    bundle_page = f"/desk/bundles/{reload(session, bundle_id).public_id}"

    def count_said() -> list[int]:
        session.rollback()
        visit = session.scalars(select(GateVisit).order_by(GateVisit.id.desc())).first()
        assert visit is not None
        pages = (f"/desk/deliveries/{visit.public_id}", "/desk/deliveries/", bundle_page)
        return [client.get(page).text.split('id="way"')[-1].count(signed) for page in pages]

    record("refused", happened_on=days_ago(1).isoformat())
    assert count_said() == [0, 0, 0], "they came back with the letters"
    record("accepted")
    assert count_said() == [1, 1, 1]
    page = client.get(bundle_page).text
    assert f"Accepted · 2 letters · {signed}" in page
