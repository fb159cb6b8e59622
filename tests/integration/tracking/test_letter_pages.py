"""The page of a confirmed letter, and all letters of a mailbox."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from campaign.bundles.freeze import freeze_bundle
from campaign.campaigns import public_counts
from campaign.campaigns.content.targets import replace_official
from campaign.campaigns.content.updates import post_update
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import clock, db, i18n, jobs
from campaign.core.errors import NotFound
from campaign.core.i18n import country_for_post, force_locale
from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.bundle import DeliveryOutcome
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    LetterFormat,
    StopKind,
    Target,
    TargetKind,
    UpdateKind,
)
from campaign.models.directory import ContactDetail, Mission, mission_name
from campaign.models.network import NetworkMember
from campaign.models.notice import LettersLink
from campaign.models.signature import (
    Disclosure,
    ExactTimes,
    Letter,
    Origin,
    Signature,
    SignatureState,
)
from campaign.network import memberships
from campaign.signing.consents import news_words
from campaign.signing.signed_links import signed_link
from campaign.tracking import change_or_withdraw
from campaign.tracking.change_or_withdraw import NameTaken, TooLate
from campaign.tracking.letter_trips import list_trips
from campaign.tracking.timeline import marks_of
from tests.days import ZONE, days_ago, today
from tests.factories import (
    add_confirmed,
    make_campaign,
    make_letter_template,
    make_target_mission,
    make_target_official,
)
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import ANA, Deliver, Mails, reload, sign


def titles(app: Flask, session: Session, signature: Signature) -> list[tuple[str, str]]:
    fresh = reload(session, signature)
    with app.test_request_context("/en/"):
        return [
            (mark.title, mark.state)
            for mark in marks_of(session, fresh, list_trips(session, fresh))
        ]


def test_my_letters_name_the_writer_as_the_letter_does(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    ana.given_name, ana.family_name = "小龍", "李"
    session.commit()
    assert "Letter by 李小龍" in client.get(box).text
    assert "<bdi>李小龍</bdi>" in client.get(f"{box}/{ana.public_id}").text


def test_a_letter_is_followed_from_signing_to_the_outcome(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    ahead = [
        ("Printed", "ahead"),
        ("Delivered", "ahead"),
        ("Answered", "ahead"),
        ("Outcome", "ahead"),
    ]
    begun = [("Signed", "done"), ("Confirmed", "done")]
    assert titles(app, session, ana) == begun + ahead
    session.rollback()
    bundle_id = freeze(campaign)
    printed = [*begun, ("Printed as letter 00001", "done")]
    assert titles(app, session, ana) == printed + ahead[1:]
    session.rollback()
    deliver(bundle_id, DeliveryOutcome.REFUSED)
    refused = [*printed, ("Refused at the door", "done")]
    assert titles(app, session, ana) == refused + ahead[1:]
    session.rollback()
    deliver(bundle_id, DeliveryOutcome.ACCEPTED)
    campaign_id = campaign.id
    session.rollback()
    with app.app_context(), db.transaction() as other:
        post_update(
            other,
            other.get_one(Campaign, campaign_id),
            actor="test",
            kind=UpdateKind.REPLY,
            happened_on=days_ago(-400),
            words={"en": ("The governor answers", "She will look into it.")},
        )
    over = [*refused, ("Delivered", "done"), ("The governor answers", "done")]
    assert titles(app, session, ana) == [*over, ("Outcome", "ahead")]


def test_an_outcome_of_the_same_moment_at_a_mission_further_west_is_of_the_day_before(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, freeze: Callable[..., int]
) -> None:
    freeze(campaign)
    session.execute(update(Mission).values(timezone="Pacific/Honolulu"))
    session.execute(update(Campaign).values(timezone="Pacific/Auckland"))
    at = db.utcnow().replace(hour=0, minute=0) - timedelta(days=1)  # noon there, two o’clock here
    ana.signed_at, ana.confirmed_at, ana.exact_times = at, at, None
    campaign_id = campaign.id
    session.commit()
    with app.app_context(), db.transaction() as other:
        post_update(
            other,
            other.get_one(Campaign, campaign_id),
            actor="test",
            kind=UpdateKind.OUTCOME,
            happened_on=(at - timedelta(days=1)).date(),
            words={"en": ("She is free", "She is with her family.")},
        )
    assert ("She is free", "done") in titles(app, session, ana)


@pytest.mark.parametrize("cards", [False, True])
def test_a_reply_that_came_before_a_letter_left_is_one_to_others(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    cards: bool,
) -> None:
    freeze(campaign)
    campaign.format = LetterFormat.CARD if cards else LetterFormat.LETTER
    gone = sign(session, campaign, email="gone@example.org")
    gone_bundle_id = freeze(campaign)
    gone_id, campaign_id = gone.id, campaign.id
    session.rollback()
    deliver(gone_bundle_id)
    with app.app_context(), db.transaction() as other:
        post_update(
            other,
            other.get_one(Campaign, campaign_id),
            actor="test",
            kind=UpdateKind.REPLY,
            happened_on=today(),
            words={"en": ("The governor answers", "She will look into it.")},
        )
    late = sign(session, campaign, email="late@example.org")
    own, others = "The governor answers", f"A reply to other {'cards' if cards else 'letters'} came"

    def shown(signature: Signature) -> list[tuple[str, str]]:
        marks = titles(app, session, signature)
        return [mark for mark in marks if mark[0] in {own, others, "Answered"}]

    assert shown(session.get_one(Signature, gone_id)) == [(own, "done")]
    assert shown(ana) == [(others, "done"), ("Answered", "ahead")]
    assert shown(late) == [("Answered", "ahead")]
    change_or_withdraw.withdraw_letter(session, reload(session, ana), now=db.utcnow())
    session.commit()
    assert shown(ana) == []


def test_an_outcome_of_the_day_before_a_letter_is_told_to_those_who_had_written_by_then(
    app: Flask, session: Session, campaign: Campaign, ana: Signature
) -> None:
    campaign_id = campaign.id
    session.rollback()
    with app.app_context(), db.transaction() as other:
        post_update(
            other,
            other.get_one(Campaign, campaign_id),
            actor="test",
            kind=UpdateKind.OUTCOME,
            happened_on=days_ago(2),
            words={"en": ("She is free", "She is with her family.")},
        )
    shown = titles(app, session, ana)
    assert ("She is free", "done") in shown
    assert ("Outcome", "ahead") not in shown
    ana.signed_at, ana.exact_times = db.utcnow() + timedelta(days=1), None
    session.commit()
    assert ("Outcome", "ahead") in titles(app, session, ana)


def test_a_letter_that_is_not_confirmed_has_no_answer(
    app: Flask, session: Session, campaign: Campaign, ana: Signature
) -> None:
    campaign_id = campaign.id
    ana.state, ana.confirmed_at = SignatureState.PENDING, None
    session.commit()
    with app.app_context(), db.transaction() as other:
        post_update(
            other,
            other.get_one(Campaign, campaign_id),
            actor="test",
            kind=UpdateKind.REPLY,
            happened_on=days_ago(-400),
            words={"en": ("The governor answers", "She will look into it.")},
        )
    assert ("The governor answers", "done") not in titles(app, session, ana)


def test_a_stop_ends_the_way(
    app: Flask,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
) -> None:
    freeze(campaign)
    campaign_id = campaign.id
    session.rollback()
    with app.app_context(), db.transaction() as other:
        stopped = other.get_one(Campaign, campaign_id)
        stop_campaign(
            other, stopped, actor="test", now=db.utcnow(), reasons={"en": "She asked us to."}
        )
    assert [title for title, _ in titles(app, session, ana)] == [
        "Signed",
        "Confirmed",
        "Printed as letter 00001",
        "This action has been stopped",
    ]


def test_who_wrote_for_somebody_who_is_free_reads_of_no_harm(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, fresh_pages: None
) -> None:
    reasons = {"en": "She is home.", "es": "Está en casa."}
    stop_campaign(
        session, campaign, actor="test", now=db.utcnow(), reasons=reasons, kind=StopKind.SAFE
    )
    session.commit()
    case = f"actions/{campaign.slug}"
    pages = [client.get(f"/en/{end}").text for end in (f"letter/token-{ana.id}", case)]
    pages.append(client.post(f"/en/{case}/sign", data={}).text)
    for page in pages:
        assert "There is good news" in page
        assert "She is home." in page
        assert "could do harm" not in page
    assert "Email me the link" in pages[0]
    assert "Change your letter" not in pages[0]
    assert "withdraw your letter" not in pages[0]
    quoted = '<blockquote lang="en" dir="ltr"><p>She is home.</p></blockquote>'
    named = "Ce texte n’est pas encore disponible dans votre langue. Le voici en anglais."
    for address in (f"/fr/{case}", f"/fr/letter/token-{ana.id}"):
        page = client.get(address).text
        assert quoted in page
        assert page.partition(quoted)[0].rstrip().endswith(f"{named}</p>")
    assert "Está en casa." in client.get(f"/es/{case}").text


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", "If you are not in our network yet"),
        ("fr", "Si vous ne faites pas encore partie de notre réseau"),
        ("es", "Si aún no forma parte de nuestra red"),
    ],
)
def test_the_page_of_a_letter_presumes_of_nobody_that_they_are_no_member(
    client: FlaskClient, ana: Signature, lang: str, words: str
) -> None:
    assert words in client.get(f"/{lang}/letter/token-{ana.id}").text


def test_an_outcome_that_is_published_is_not_still_to_come(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons={"en": "She is home."})
    session.commit()
    mine = f"{box}/{ana.public_id}"
    news = f"/en/news-off/{signed_link('case-news', ana.public_id)}"
    session.rollback()
    still_to_come = "The only news that can still come"
    assert still_to_come in client.get(mine).text
    assert still_to_come in client.post(news, data={"on": "0"}).text
    assert "If we learn how the case ends" in client.post(news, data={"on": "1"}).text
    assert "will not email you about how the case ends" in client.get(news).text
    session.refresh(campaign)
    words = {"en": ("She is free", "She is with her family.")}
    outcome, day = UpdateKind.OUTCOME, days_ago(0)
    post_update(session, campaign, actor="test", kind=outcome, happened_on=day, words=words)
    session.commit()
    assert still_to_come not in client.get(mine).text
    assert still_to_come not in client.post(news, data={"on": "0"}).text
    assert "If we learn more about how" in client.post(news, data={"on": "1"}).text
    assert "if we learn more about how" in client.get(news).text


@pytest.mark.both_engines
def test_the_page_of_a_letter_offers_to_send_it_and_counts_those_apart(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    session.add(ContactDetail(mission_id=mission.id, type="email", value="post@embassy.example"))
    session.commit()
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "mailto:post@embassy.example?subject=" in page
    assert "I%20have%20followed%20this%20case" in page
    assert "post.pdf" in page
    response = client.post(f"/en/letter/token-{ana.id}/sent")
    assert (response.status_code, response.location) == (303, f"/en/letter/token-{ana.id}#send")
    first = reload(session, ana).sent_by_self_at
    assert first is not None
    client.post(f"/en/letter/token-{ana.id}/sent")
    assert reload(session, ana).sent_by_self_at == first
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "1 person says they also sent it themselves" in page
    assert f"You told us on {i18n.say_date(today(), 'en')} that you sent it." in page
    session.rollback()
    jobs.run_now("campaigns.count")
    assert public_counts.count_of(session, campaign) == 1
    assert public_counts.count_sent_by_self(session, campaign) == 1


def test_a_long_letter_is_copied_where_the_link_cannot_hold_it(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature
) -> None:
    official = campaign.targets[0].official
    session.add(ContactDetail(official_id=official.id, type="email", value="governor@gov.example"))
    ana.own_words = "é" * 1400
    session.commit()
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "mailto:governor@gov.example?subject=" in page
    assert "%0D%0A" not in page
    assert "é" * 1400 in page


@pytest.mark.both_engines
def test_the_pdf_to_post_has_the_letter_and_an_envelope_with_the_country(
    client: FlaskClient, session: Session, ana: Signature
) -> None:
    ana.country = "FR"
    session.commit()
    response = client.get(f"/en/letter/token-{ana.id}/post.pdf")
    assert (response.status_code, response.mimetype) == (200, "application/pdf")
    assert response.headers["Cache-Control"] == "no-store"
    pdf = pypdfium2.PdfDocument(response.data)
    assert len(pdf) == 2
    envelope = pdf[1]
    width, height = envelope.get_size()
    assert width > height
    text = envelope.get_textpage().get_text_bounded()
    assert "Embassy of the Republic" in text
    assert text.rstrip().endswith("CANADA")
    assert "Ana Plantada" in text


def test_the_page_of_a_letter_leads_on_to_an_action_that_was_not_signed(
    client: FlaskClient, session: Session, ana: Signature
) -> None:
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "Another case you can write about now" not in page
    other = make_campaign(session, person_name="Idris Vale")
    session.commit()
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert f'href="/en/actions/{other.slug}"' in page


@pytest.mark.parametrize("status", [CampaignStatus.CLOSED, CampaignStatus.STOPPED])
def test_nothing_is_sent_once_the_campaign_has_ended(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    status: CampaignStatus,
) -> None:
    campaign.status = status
    session.commit()
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "mailto:post" not in page
    assert "I sent it" not in page
    if status is CampaignStatus.STOPPED:
        assert client.get(f"/en/letter/token-{ana.id}/post.pdf").status_code == 409
        assert client.post(f"/en/letter/token-{ana.id}/sent").status_code == 409


# --- Asking for the link ------------------------------------------------------------------------


def test_the_answer_is_the_same_whoever_asks_and_the_truth_goes_by_mail(
    client: FlaskClient, ana: Signature, mails: Mails
) -> None:
    known = client.post("/en/my-letters", data={"email": ANA})
    unknown = client.post("/en/my-letters", data={"email": "nobody@example.org"})
    assert known.status_code == unknown.status_code == 303
    assert known.location == unknown.location
    assert [(mail["kind"], mail["to"]) for mail in mails()] == [
        ("my-letters", ANA),
        ("no-letters", "nobody@example.org"),
    ]


def test_the_link_goes_to_the_address_of_the_letter_and_opens_that_spelling_alone(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, mails: Mails
) -> None:
    other = make_campaign(session)
    hmac = ana.email_hmac
    stranger = sign(
        session,
        other,
        email="ana+x@example.org",
        email_hmac=hmac,
        given_name="Mallory",
        family_name="Grey",
    )
    client.post("/en/my-letters", data={"email": "ANA+other@example.org"})
    sent = {mail["to"]: mail["link"].removeprefix("http://127.0.0.1:5000") for mail in mails()}
    assert set(sent) == {ANA, "ana+x@example.org"}
    assert "Ana Plantada" in client.get(sent[ANA]).text
    page = client.get(sent["ana+x@example.org"]).text
    assert "Mallory" in page
    assert "Plantada" not in page
    for public_id in (ana.public_id, "x" * 22):
        nowhere = client.get(f"{sent['ana+x@example.org']}/{public_id}")
        assert nowhere.status_code == 404
    assert client.get(f"{sent['ana+x@example.org']}/{stranger.public_id}").status_code == 200


@pytest.mark.parametrize("origin", Origin)
def test_the_email_promises_no_change_to_who_signed_on_paper(
    client: FlaskClient, session: Session, ana: Signature, settings: Settings, origin: Origin
) -> None:
    ana.origin = origin
    session.commit()
    client.post("/en/my-letters", data={"email": ANA})
    mail = session.scalars(select(OutboxMail).where(OutboxMail.kind == "my-letters")).one()
    text = render(mail, settings).as_string()
    assert ("You can change it until we print it" in text) is (origin is Origin.ONLINE)
    assert ("you can withdraw your signature" in text) is (origin is not Origin.ONLINE)


def test_mails_and_askers_are_limited(
    client: FlaskClient, ana: Signature, mails: Mails, session: Session
) -> None:
    codes = [client.post("/en/my-letters", data={"email": ANA}).status_code for _ in range(21)]
    assert codes == [303] * 20 + [429]
    assert len(mails()) == 3
    assert len(session.scalars(select(LettersLink)).all()) == 3


@pytest.mark.both_engines
def test_a_link_tells_the_day_it_was_asked_for_and_its_hour_until_it_expires(
    app: Flask, client: FlaskClient, ana: Signature, session: Session
) -> None:
    client.post("/en/my-letters", data={"email": ANA})
    link = session.scalars(select(LettersLink)).one()
    lives = timedelta(hours=app.extensions["settings"].link_hours)
    left = link.expires_at - clock.utcnow()
    assert lives - timedelta(minutes=1) < left < lives + timedelta(hours=1)
    assert clock.end_of_hour(link.expires_at) == link.expires_at
    assert clock.cut_to_day(link.created_at, "UTC") == link.created_at
    link.expires_at = clock.utcnow()
    session.commit()
    jobs.run_now("following.forget-links")
    session.refresh(link)
    assert link.expires_at == link.created_at


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "This link works until {until} ({zone} time)."),
        ("fr", "Ce lien fonctionne jusqu’au {until} (heure locale\u00a0: {zone})."),
    ],
)
def test_email_and_page_say_the_same_end_of_the_link(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    ana: Signature,
    mails: Mails,
    lang: str,
    sentence: str,
) -> None:
    client.post(f"/{lang}/my-letters", data={"email": ANA})
    [mail] = mails()
    expires_at = session.scalars(select(LettersLink.expires_at)).one()
    until = i18n.say_moment(expires_at, settings.timezone, lang)
    ending = sentence.format(until=until, zone=mail["zone"])
    assert ending in client.get(str(mail["link"]).removeprefix("http://127.0.0.1:5000")).text
    message = render(session.scalars(select(OutboxMail)).one(), settings)
    for kind in ("plain", "html"):
        part: Any = message.get_body((kind,))
        assert ending in part.get_content(), kind


def test_a_link_that_lived_for_a_week_says_for_days_that_it_has_expired(
    app: Flask, client: FlaskClient, box: str, session: Session
) -> None:
    settings, hours = app.extensions["settings"], 7 * 24
    app.extensions["settings"] = settings.model_copy(update={"link_hours": hours})
    now = clock.utcnow()
    for days, status in ((0, 410), (6, 410), (8, 404)):
        day = clock.cut_to_day(now - timedelta(days=days, hours=hours), "UTC")
        expires_at = clock.end_of_hour(now - timedelta(days=days, hours=1))
        session.execute(update(LettersLink).values(created_at=day, expires_at=expires_at))
        session.commit()
        jobs.run_now("following.forget-links")
        assert client.get(box).status_code == status


@pytest.mark.parametrize("typed", ["", "ana", "a\nb@example.org", "x" * 300 + "@example.org"])
def test_what_is_no_address_is_said_by_the_field(
    client: FlaskClient, typed: str, mails: Mails
) -> None:
    response = client.post("/en/my-letters", data={"email": typed})
    assert response.status_code == 422
    assert "email-error" in response.text
    assert mails() == []


def test_no_other_site_asks(client: FlaskClient, ana: Signature, mails: Mails) -> None:
    headers = {"Origin": "https://evil.example"}
    assert client.post("/en/my-letters", data={"email": ANA}, headers=headers).status_code == 403
    assert mails() == []


def test_the_token_is_stored_as_a_digest_and_expires(
    client: FlaskClient, box: str, session: Session
) -> None:
    token = box.rpartition("/")[2]
    link = session.scalars(select(LettersLink)).one()
    assert token.encode() not in bytes(link.token_digest)
    assert client.get(box).headers["Cache-Control"] == "no-store"
    session.execute(update(LettersLink).values(expires_at=db.utcnow()))
    session.commit()
    gone = client.get(box)
    assert gone.status_code == 410
    assert "Ask for a new link" in gone.text
    assert client.post(f"{box}/erase").status_code == 410
    wrong = client.get("/en/my-letters/" + "a" * 32)
    assert wrong.status_code == 404
    assert "This link opens no letters" in wrong.text


def test_the_mailbox_lists_every_campaign_and_both_of_a_household(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno", family_name="Plantada")
    sign(session, make_campaign(session, person_name="Idris Vale"), email=ANA, given_name="Ana")
    page = client.get(box).text
    assert "Ana Plantada for Amara Okafor" in page
    assert "Bruno Plantada for Amara Okafor" in page
    assert "for Idris Vale" in page


# --- Changing and taking back -------------------------------------------------------------------


TYPED = re.compile(r"<label for=.typed-\d+.>([^<]*)</label>\s*<textarea [^>]*>([^<]*)</textarea>")
"""Label and text of what was typed and is not saved."""
SEEN = re.compile(r'name="seen" value="([0-9a-f]{32})"')


def form_of(**overrides: Any) -> dict[str, Any]:
    return {
        "given_name": "Anna",
        "family_name": "Plantada",
        "locality": "Ottawa",
        "region": "ON",
        "postal_code": "K1A 0A1",
        "own_words": "These are other words of mine.",
        "points": ["protect", "investigate"],
        "disclosure": "name",
    } | overrides


def test_a_letter_is_changed_until_it_is_frozen_and_stays_confirmed(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    address = f"{box}/{ana.public_id}/change"
    assert "I have followed this case" in client.get(address).text
    done = client.post(address, data=form_of())
    assert done.status_code == 303
    notice = re.compile(r'role="status"[^>]*autofocus>\s*<p>Changes saved')
    assert notice.search(client.get(done.location).text)
    assert not notice.search(client.get(f"{box}/{ana.public_id}").text)
    changed = reload(session, ana)
    assert (changed.given_name, changed.own_words) == ("Anna", "These are other words of mine.")
    assert changed.points == ["protect", "investigate"]
    assert changed.state is SignatureState.CONFIRMED
    assert changed.email == ANA
    session.rollback()
    freeze(campaign)
    same = client.post(address, data=form_of())
    moved = client.post(address, data=form_of(given_name="Late", country="CL"))
    late = client.post(address, data=form_of(own_words="Late words."))
    turned = client.post(address, data=form_of(points=["investigate", "protect"]))
    for response in (client.get(address), same, moved, late, turned):
        assert response.status_code == 409
        assert "can no longer change this letter" in response.text
    assert dict(TYPED.findall(late.text)) == {"In your own words": "Late words."}
    assert dict(TYPED.findall(moved.text)) == {
        "Given name": "Late",
        "Country where you live": "Chile",
    }
    [(label, points)] = TYPED.findall(turned.text)
    assert (label, len(points.splitlines())) == ("Points in your letter", 2)
    assert "This is what you typed" not in same.text, "the letter has these words"
    assert reload(session, ana).given_name == "Anna"


def test_a_page_opened_before_another_change_does_not_undo_it_unseen(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    address = f"{box}/{ana.public_id}/change"
    (seen,) = SEEN.findall(client.get(address).text)
    first = form_of(seen=seen, own_words="These are the words of the first tab.")
    assert client.post(address, data=first).status_code == 303
    assert client.post(address, data=first).status_code == 303  # pressed twice
    second = form_of(seen=seen, given_name="Annabel")
    shown = client.post(address, data={**second, "show": "1"})
    assert shown.status_code == 200
    assert SEEN.findall(shown.text) == [seen]
    answer = client.post(address, data=second)
    assert answer.status_code == 422
    assert "This letter was changed while you had this page open." in answer.text
    assert "the words of the first tab" in answer.text
    assert 'value="Annabel"' in answer.text
    kept = reload(session, ana)
    assert (kept.given_name, kept.own_words) == ("Anna", first["own_words"])
    session.rollback()
    (now,) = SEEN.findall(answer.text)
    assert now != seen
    assert client.post(address, data={**second, "seen": now}).status_code == 303
    assert reload(session, ana).given_name == "Annabel"


@pytest.mark.both_engines
def test_a_change_waits_for_a_freeze_that_came_first(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, settings: Settings
) -> None:
    ana_id, campaign_id = ana.id, campaign.id
    session.rollback()

    def change() -> None:
        with app.test_request_context("/en/", method="POST"), db.transaction() as other:
            mine = other.get_one(Signature, ana_id)
            judged = change_or_withdraw.judge_change(other, mine, MultiDict(form_of()))
            assert judged.result.form is not None
            change_or_withdraw.change_letter(other, mine, judged.result.form)

    with ThreadPoolExecutor(1) as pool:
        with app.app_context(), db.transaction() as freezer:
            frozen = freezer.get_one(Campaign, campaign_id)
            mission = frozen.targets[0].mission
            assert mission is not None
            freeze_bundle.freeze(
                freezer,
                campaign=frozen,
                mission=mission,
                settings=settings,
                locale="en",
                actor="test",
            )
            done = pool.submit(change)
            with pytest.raises(TimeoutError):
                done.result(timeout=0.5)
        with pytest.raises(TooLate):
            done.result(timeout=30)
    assert reload(session, ana).given_name == "Ana"


def test_points_are_moved_on_the_page_before_anything_is_kept(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    address = f"{box}/{ana.public_id}/change"
    order = re.findall(r'name="order" value="(\w+)"', client.get(address).text)
    assert order == ["protect", "investigate", "recognise"]
    form = form_of(points=["protect", "recognise"], order=order, move="up:recognise")
    page = client.post(address, data=form)
    assert page.status_code == 200
    assert re.findall(r'name="order" value="(\w+)"', page.text) == [
        "protect",
        "recognise",
        "investigate",
    ]
    assert "These are other words of mine." in page.text
    assert reload(session, ana).given_name == "Ana"
    assert 'data-sample="full"' in page.text


@pytest.mark.both_engines
def test_a_letter_keeps_what_it_was_signed_with_whatever_the_campaign_says_now(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    rewritten = "Please have Amara Okafor protected. The convoy left at dawn."
    ana.full_text, ana.own_words = rewritten, ""
    campaign.full_text_edit = False
    campaign.forbidden_words = ["convoy", "regime"]
    campaign.changed_at = db.utcnow()
    newer = make_letter_template("en", version=2)
    for point in newer.points:
        point.key = f"new-{point.key}"
    campaign.templates.append(newer)
    session.commit()
    address = f"{box}/{ana.public_id}/change"
    kept = form_of(full_text=rewritten, points=ana.points)
    assert client.post(address, data=kept | {"full_text": "A regime."}).status_code == 422
    assert client.post(address, data=kept).status_code == 303
    changed = reload(session, ana)
    assert (changed.given_name, changed.full_text) == ("Anna", rewritten)


def test_a_change_is_held_to_the_same_as_signing(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    address = f"{box}/{ana.public_id}/change"
    response = client.post(address, data=form_of(given_name="", own_words="x" * 1501))
    assert response.status_code == 422
    assert "Enter your name" in response.text
    assert "1,501" in response.text
    no_point = client.post(address, data=form_of(points=["invented"]))
    assert no_point.status_code == 422
    assert client.post(address, data=form_of(given_name="A\0na")).status_code == 400
    assert reload(session, ana).given_name == "Ana"
    forged = form_of(email="mallory@example.org", letter_locale="es", state="held")
    assert client.post(address, data=forged).status_code == 303
    kept = reload(session, ana)
    assert (kept.email, kept.letter_locale, kept.state) == (ANA, "en", SignatureState.CONFIRMED)


def test_no_letter_takes_the_name_of_another_of_its_mailbox(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    ben = {"given_name": "Ben", "family_name": "Okafor"}
    other = sign(session, campaign, email=ANA, seat=2, **ben)
    address = f"{box}/{ana.public_id}/change"
    refused = client.post(address, data=form_of(given_name="BEN", family_name="Okáfor"))
    assert refused.status_code == 422
    error = refused.text.partition('id="given_name-error"')[2].partition("</p>")[0]
    assert "already signed under this name with this email address" in error
    assert 'value="BEN"' in refused.text
    assert "These are other words of mine." in refused.text
    assert reload(session, ana).given_name == "Ana"
    session.rollback()
    assert client.post(f"{box}/{other.public_id}/change", data=form_of(**ben)).status_code == 303
    change_or_withdraw.withdraw_letter(session, reload(session, other), db.utcnow())
    session.commit()
    assert client.post(address, data=form_of(**ben)).status_code == 303
    assert reload(session, ana).given_name == "Ben"


@pytest.mark.both_engines
def test_who_is_judged_before_another_takes_the_name_does_not_get_it_as_well(
    app: Flask, session: Session, campaign: Campaign, ana: Signature
) -> None:
    other = sign(session, campaign, email=ANA, seat=2, given_name="Ben", family_name="Okafor")
    with app.test_request_context("/en/"):
        form = MultiDict(form_of(given_name="Zoe"))
        judged = change_or_withdraw.judge_change(session, ana, form).result.form
        assert judged is not None
        session.rollback()
        other.given_name, other.family_name = "Zoe", "Plantada"
        session.commit()
        with pytest.raises(NameTaken):
            change_or_withdraw.change_letter(session, ana, judged)


def test_a_change_shows_its_room_and_the_letter_before_it_is_kept(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    address = f"{box}/{ana.public_id}/change"
    page = client.get(address).text
    assert 'class="measure-bar"' in page
    assert "own_words-left" not in page, "one number, that of lines"
    # What htmx asks for while somebody types: the measure moves, also beyond the page.
    measures = [
        re.findall(
            r'<div class="measure"[^~]*?</div>', client.post(address, data=typed).text, re.DOTALL
        )
        for typed in (form_of(fit="1", own_words=words) for words in ("Short.", "Line.\n" * 60))
    ]
    assert "Room for about" in measures[0][0]
    assert "too long for one page" in measures[1][0]
    shown = client.post(address, data=form_of(show="1"))
    assert shown.status_code == 200
    assert "You have not saved it yet" in shown.text
    assert re.search(
        r'<article class="letter.*These are other words of mine', shown.text, re.DOTALL
    )
    assert reload(session, ana).given_name == "Ana"
    wrong = client.post(address, data=form_of(show="1", given_name=""))
    assert wrong.status_code == 422
    assert "You have not saved it yet" not in wrong.text


def test_who_has_moved_changes_the_country_and_is_warned_of_it(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    address, there = f"{box}/{ana.public_id}/change", campaign.country
    moved = form_of(country=there, locality="Tuxtla", region="", postal_code="29000")
    fitted = client.post(address, data=moved | {"fit": "1"})
    assert fitted.status_code == 200
    assert "This letter goes to officials of the country you live in" in fitted.text
    before = reload(session, ana)
    assert (before.country, before.locality != "Tuxtla") == ("CA", True)
    old_print = before.person_hmac
    session.rollback()
    assert client.post(address, data=form_of(country="XX")).status_code == 422
    # Without scripts the warning comes first, too.
    warned = client.post(address, data=moved)
    assert warned.status_code == 200
    assert "We have not saved your changes yet" in warned.text
    assert 'name="warned" value="1"' in warned.text
    assert reload(session, ana).country == "CA"
    session.rollback()
    assert client.post(address, data=moved | {"warned": "1"}).status_code == 303
    changed = reload(session, ana)
    assert (changed.country, changed.locality) == (there, "Tuxtla")
    assert changed.person_hmac != old_print


def test_the_page_of_a_letter_mails_the_link_that_changes_it_to_its_own_address(
    client: FlaskClient, ana: Signature, mails: Mails
) -> None:
    link = f"/en/letter/token-{ana.id}"
    assert "Email me the link" in client.get(link).text
    assert mails() == []
    asked = client.post(f"{link}/my-letters", data={"email": "mallory@example.org"})
    assert (asked.status_code, asked.location) == (303, "/en/my-letters/sent")
    [mail] = mails()
    assert (mail["kind"], mail["to"]) == ("my-letters", ANA)
    assert "already sent 3 of these in the last 24 hours" in client.get(asked.location).text


def test_the_time_until_which_the_link_is_valid_names_its_zone(
    client: FlaskClient, box: str
) -> None:
    assert re.search(r"This link works until [^(]+ \(Toronto time\)", client.get(box).text)


def test_a_letter_that_waits_is_confirmed_from_my_letters(
    client: FlaskClient, session: Session, ana: Signature, box: str, campaign: Campaign
) -> None:
    ana.state, ana.confirmed_at = SignatureState.PENDING, None
    ana.token_expires_at = db.utcnow() + timedelta(days=1)
    session.commit()
    address = f"{box}/{ana.public_id}"
    assert "Confirm this letter" in client.get(address).text
    assert reload(session, ana).state is SignatureState.PENDING
    session.rollback()
    assert client.get(f"{address}/confirm").status_code == 405
    assert client.post(f"{address}/confirm").status_code == 303
    assert "Confirm my letter" not in client.get(address).text
    assert reload(session, ana).state is SignatureState.CONFIRMED


def test_a_link_that_leads_nowhere_offers_my_letters_and_says_why(client: FlaskClient) -> None:
    page = client.get("/en/letter/nowhere")
    assert page.status_code == 404
    assert 'href="/en/my-letters"' in page.text
    assert "If you did not confirm within 7 days" in page.text


def test_a_letter_is_taken_back_by_a_button_until_it_is_handed_over(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    address = f"{box}/{ana.public_id}/withdraw"
    asked = client.get(address).text
    assert f'<a href="{box}/erase">Delete everything</a>' in asked
    assert "We delete them 6 months after the action is over." in asked
    assert reload(session, ana).state is SignatureState.CONFIRMED
    session.rollback()
    deliver(freeze(campaign))
    late = client.post(address)
    assert late.status_code == 409
    assert "can no longer withdraw this letter" in late.text
    assert reload(session, ana).state is SignatureState.CONFIRMED


@pytest.mark.both_engines
def test_the_page_of_a_letter_says_where_it_is_and_promises_only_what_can_be_done(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    page, mission = f"/en/letter/token-{ana.id}", campaign.targets[0].mission
    assert mission is not None
    name = mission_name(mission, "en")
    assert "You can change your letter until we print it" in client.get(page).text
    session.rollback()
    assert 'is-good">Confirmed' in client.get(box).text
    session.rollback()
    bundle_id = freeze(campaign)
    printed = client.get(page).text
    assert "You can withdraw your letter until we deliver it." in printed
    assert "change your letter" not in printed
    assert 'is-good">Confirmed' in client.get(box).text, "frozen, and not printed yet"
    session.execute(update(Letter).values(first_page=1))
    session.commit()
    listed = client.get(box).text
    assert 'is-good">Printed<' in listed
    assert "Confirmed" not in listed
    session.rollback()
    ana.letters[0].set_aside = "control-character"
    session.commit()
    assert "Printed<" not in client.get(f"{box}/{ana.public_id}").text
    session.rollback()
    ana.letters[0].set_aside = None
    session.commit()
    deliver(bundle_id)
    gone = client.get(page).text
    assert "<h1>We delivered your letter</h1>" in gone
    assert "You can see or delete everything we hold about you." in gone
    assert "Email me the link" in gone
    assert "until we deliver it" not in gone
    assert f"{name} · At the gate of the embassy" in gone
    for tagged in (client.get(box), client.get(f"{box}/{ana.public_id}")):
        assert 'is-good">Delivered' in tagged.text


def test_after_a_stop_the_page_of_a_letter_offers_no_change(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature
) -> None:
    stop_campaign(session, campaign, actor="test", now=db.utcnow(), reasons={"en": "She asked."})
    session.commit()
    page = client.get(f"/en/letter/token-{ana.id}").text
    assert "change your letter until" not in page
    assert "to change it" not in page
    assert "You can see or delete everything we hold about you." in page


def test_what_was_taken_back_from_a_bundle_stays_as_its_record_without_the_words(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    freeze: Callable[[Campaign], int],
) -> None:
    bundle_id = freeze(campaign)
    response = client.post(f"{box}/{ana.public_id}/withdraw")
    assert response.status_code == 303
    kept = reload(session, ana)
    assert kept.state is SignatureState.WITHDRAWN
    assert kept.withdrawn_at is not None
    assert kept.own_words == ""
    assert kept.letters[0].bundle_id == bundle_id
    gone = client.get(f"/en/letter/token-{ana.id}")
    assert gone.status_code == 410
    assert "This letter was withdrawn" in gone.text
    assert "Withdrawn" in client.get(f"{box}/{ana.public_id}").text
    assert client.post(f"{box}/{ana.public_id}/withdraw").status_code == 409


@pytest.mark.parametrize(("days", "last"), [(0, "Withdrawn"), (2, "This action has been stopped")])
def test_what_happened_after_the_day_of_a_withdrawal_stands_after_it(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, days: int, last: str
) -> None:
    change_or_withdraw.withdraw_letter(session, ana, db.utcnow())
    stopped_at = db.utcnow() + timedelta(days=days)
    campaign.status, campaign.stopped_at = CampaignStatus.STOPPED, stopped_at
    session.commit()
    assert titles(app, session, ana)[-1][0] == last


def test_who_withdrew_a_printed_letter_writes_again_as_every_page_says(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    box: str,
    mails: Mails,
    freeze: Callable[[Campaign], int],
) -> None:
    bundle_id, former = freeze(campaign), ana.id
    home = {name: FORM[name] for name in ("country", "postal_code", "locality")}
    sign(session, campaign, email=ANA, seat=2, given_name="Bruno", **home)
    client.post(f"{box}/{ana.public_id}/withdraw")
    assert "You can write again." in client.get(f"/en/letter/token-{former}").text
    typed = FORM | {"given_name": "Ana", "family_name": "Plantada", "email": ANA}
    assert client.post(f"/en/actions/{campaign.slug}/sign", data=typed).status_code == 303
    assert mails()[-1]["kind"] == "confirm-letter"
    assert client.post(mails()[-1]["link"]).status_code == 303
    session.rollback()
    session.expire_all()
    rows = session.scalars(select(Signature).order_by(Signature.id)).all()
    assert [(row.given_name, row.state.value) for row in rows] == [
        ("Ana", "withdrawn"),
        ("Bruno", "confirmed"),
        ("Ana", "confirmed"),
    ]
    assert {row.seat for row in rows[1:]} == {1, 2}, "both count"
    assert [letter.bundle_id for letter in rows[0].letters] == [bundle_id]
    assert rows[2].own_words == FORM["own_words"]
    session.rollback()
    assert "You can write again." not in client.get(f"/en/letter/token-{former}").text
    client.post(f"/en/actions/{campaign.slug}/sign", data=typed)
    assert (mails()[-1]["kind"], mails()[-1]["why"]) == ("already-signed", "same")


def test_news_is_switched_off_and_on(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    client.post(f"{box}/{ana.public_id}/news", data={"on": "0"})
    assert reload(session, ana).consent_updates_at is None
    client.post(f"{box}/{ana.public_id}/news", data={"on": "1"})
    assert reload(session, ana).consent_updates_at is not None


def test_the_consent_to_news_is_in_the_language_of_the_page_and_recorded_so(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    page_url = f"{box.replace('/en/', '/fr/')}/{ana.public_id}"
    client.post(f"{page_url}/news", data={"on": "0"})
    page = client.get(page_url).text
    assert "Email me news" not in page
    with force_locale("fr"):
        words = news_words()
    assert words.partition(".")[0] in unescape(page)
    client.post(f"{page_url}/news", data={"on": "1"})
    consents = take_data(client, box)["letters"][0]["consents"]
    assert [(consent["wording"], consent["language"]) for consent in consents] == [
        ("Deliver it.", "en"),
        (words, "fr"),
        ("More.", "en"),
    ]


def test_who_has_left_the_network_is_not_told_of_emails_about_new_actions(
    client: FlaskClient, session: Session, ana: Signature
) -> None:
    asked, url = "about new actions", f"/en/letter/token-{ana.id}"
    join = "Join the network"
    page = client.get(url).text
    assert asked not in page
    assert join in page
    ana.consent_network_at = db.utcnow() - timedelta(days=2)
    session.commit()
    assert asked in client.get(url).text  # who was confirmed just now becomes a member in a moment
    memberships.join_signer(session, ana, now=db.utcnow())
    session.commit()
    page = client.get(url).text
    assert asked in page
    assert join not in page
    member = session.scalars(select(NetworkMember)).one()
    memberships.leave(session, member, now=db.utcnow())
    session.commit()
    page = client.get(url).text
    assert asked not in page
    assert join in page


@pytest.mark.parametrize(
    ("lang", "name", "data"),
    [
        ("en", "my-letters.zip", "everything.json"),
        ("fr", "mes-lettres.zip", "tout.json"),
        ("es", "mis-cartas.zip", "todo.json"),
        ("ar", "my-letters.zip", "everything.json"),
    ],
)
def test_what_is_taken_away_is_named_in_the_language_of_the_page(
    client: FlaskClient, ana: Signature, box: str, lang: str, name: str, data: str
) -> None:
    response = client.post(f"{box.replace('/en/', f'/{lang}/')}/everything.zip")
    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        assert data in archive.namelist()


def test_everything_held_is_taken_away_as_data_and_letters(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    held = sign(session, campaign, email=ANA, seat=2, given_name="Bruno")
    held.state = SignatureState.HELD
    session.commit()
    response = client.post(f"{box}/everything.zip")
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        data = json.loads(archive.read("everything.json"))
        names = archive.namelist()
        of_bruno, of_ana = (
            pypdfium2.PdfDocument(archive.read(name))[0].get_textpage().get_text_bounded()
            for name in ("01-ua-1-26.pdf", "02-ua-1-26.pdf")
        )
    assert len(names) == 5
    assert "Ana Plantada" in of_ana
    # What nobody prints says so on every copy.
    assert ("Preview" in of_bruno, "Preview" in of_ana) == (True, False)
    letter = data["letters"][1]
    columns = {column.name for column in Signature.__table__.columns} - {
        "id",
        "campaign_id",
        "consent_wording_id",
        "invalidation_id",
        "state_before",
        "flags_checked",  # the number of a risk flag, of which nobody outside is told
        "exact_times",  # `signed_at` and `confirmed_at` tell them
        "seal_id",
        "address_mark",
        "network_mark",
        "domain_mark",
        "agent_mark",
    }
    assert columns <= set(letter)
    assert letter["own_words"] == "I have followed this case for a year."
    assert [consent["wording"] for consent in letter["consents"]] == [
        "Deliver it.",
        "News.",
        "More.",
    ]
    assert [mail["kind"] for mail in data["mails"]] == ["my-letters"]
    assert data["links_to_my_letters"][0]["email"] == ANA


def take_data(client: FlaskClient, box: str) -> dict[str, Any]:
    response = client.post(f"{box}/everything.zip")
    with zipfile.ZipFile(io.BytesIO(response.data)) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".json")]
        data: dict[str, Any] = json.loads(archive.read(name))
    return data


def test_where_the_day_is_known_alone_no_time_is_made_up(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    campaign.timezone = "America/Toronto"
    signed = datetime(2026, 11, 27, 3, 30, tzinfo=UTC)  # in Toronto, the evening before
    times = ExactTimes(signed, signed + timedelta(hours=1))
    for name, value in times.cut(campaign.timezone).items():
        setattr(ana, name, value)
    ana.withdrawn_at = clock.cut_to_day(signed, campaign.timezone)
    ana.consent_updates_at = None
    member = NetworkMember(
        email=ANA, email_hmac=ana.email_hmac, locale="en", consent_wording="More."
    )
    member.joined_at = clock.cut_to_day(signed, "UTC")  # as it was until November 2026
    member.confirmed_at = memberships.blur(signed)
    session.add(member)
    session.commit()
    data = take_data(client, box)
    [letter], [membership], [link] = data["letters"], data["network"], data["links_to_my_letters"]
    assert letter["signed_at"] == signed.isoformat()
    assert letter["confirmed_at"] == (signed + timedelta(hours=1)).isoformat()
    assert {letter["withdrawn_at"], letter["consent_delivery_at"]} == {"2026-11-26"}
    assert [consent["agreed_at"] for consent in letter["consents"]] == [
        signed.isoformat(),
        None,
        None,
    ]
    assert (membership["joined_at"], membership["confirmed_at"]) == ("2026-11-27", "2026-11-26")
    assert date.fromisoformat(link["created_at"])
    assert datetime.fromisoformat(data["made_at"]).tzinfo


def test_of_an_email_no_more_is_told_than_is_kept(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    created_at = datetime(2026, 11, 27, 0, 40, tzinfo=UTC)
    session.execute(update(OutboxMail).values(created_at=created_at))
    [mail_id] = session.scalars(select(OutboxMail.id))
    session.commit()
    [mail] = take_data(client, box)["mails"]
    assert (mail["created_at"], mail["sent_at"]) == (created_at.isoformat(), None)
    jobs.run_now("mail.send", mail_id)  # it cuts the times to the hour
    hour = datetime(2026, 11, 27, tzinfo=UTC)
    due_at = clock.end_of_hour(hour)
    session.execute(update(OutboxMail).values(sent_at=hour, due_at=due_at))
    session.commit()
    [mail] = take_data(client, box)["mails"]
    assert {mail["created_at"], mail["sent_at"], mail["due_at"]} == {"2026-11-27T00+00:00"}
    session.execute(update(OutboxMail).values(due_at=hour))  # as `mail.forget` does after a day
    session.commit()
    [mail] = take_data(client, box)["mails"]
    assert {mail["created_at"], mail["sent_at"], mail["due_at"]} == {"2026-11-27"}


def test_names_and_times_that_do_not_speak_for_themselves_are_explained(
    client: FlaskClient, ana: Signature, box: str
) -> None:
    data = take_data(client, box)
    assert next(iter(data)) == "about_this_file"
    names = data["about_this_file"]["names"]
    rows = [*data["letters"], *data["mails"], *data["links_to_my_letters"]]
    coded = {name for row in rows for name in row if name.endswith(("_hmac", "_digest"))}
    assert coded | {"seat", "public_id", "origin", "trace"} <= names.keys()
    assert "status" not in names, "no row of this file has it"
    assert "2026-12-01T05+00:00" in data["about_this_file"]["times"]
    in_french = take_data(client, box.replace("/en/", "/fr/"))["about_this_file"]
    assert in_french["names"].keys() == names.keys()
    assert not set(in_french["names"].values()) & set(names.values())


@pytest.mark.both_engines
def test_who_signed_on_paper_is_told_the_day_and_the_hour_of_keying_in(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature, box: str
) -> None:
    campaign.timezone = "America/Toronto"
    signed = clock.moment_of(date(2026, 3, 1), time(12), campaign.timezone)  # as it is keyed in
    keyed = datetime(2026, 3, 6, 5, tzinfo=UTC)  # there, a day begins with this hour
    ana.origin, ana.seat, ana.signed_at, ana.confirmed_at = Origin.PAPER, 3, signed, keyed
    ana.consent_delivery_at = ana.consent_updates_at = signed
    session.commit()
    [letter] = take_data(client, box)["letters"]
    consents = [letter["consent_delivery_at"], letter["consent_updates_at"]]
    assert [letter["signed_at"], *consents] == ["2026-03-01"] * 3
    assert [consent["agreed_at"] for consent in letter["consents"]] == ["2026-03-01"] * 2 + [None]
    assert (letter["confirmed_at"], letter["entered_at"]) == (None, "2026-03-06T05+00:00")


@pytest.mark.parametrize("deed", ["withdraw", "erase", "sent", "news", "everything.zip", "change"])
def test_looking_does_nothing(
    client: FlaskClient, session: Session, ana: Signature, box: str, deed: str
) -> None:
    places = {"erase": box, "everything.zip": box, "sent": f"/en/letter/token-{ana.id}"}
    address = f"{places.get(deed, f'{box}/{ana.public_id}')}/{deed}"
    before = session.scalars(select(OutboxMail.id)).all()
    for ask in (client.get, client.head, client.options):
        assert ask(address).status_code in {200, 302, 404, 405}
    kept = reload(session, ana)
    assert kept.state is SignatureState.CONFIRMED
    assert kept.consent_updates_at is not None
    assert kept.sent_by_self_at is None
    assert session.scalars(select(OutboxMail.id)).all() == before


def test_the_country_of_an_arabic_letter_is_read_where_it_is_posted(
    client: FlaskClient, session: Session, ana: Signature
) -> None:
    ana.country, ana.locale, ana.disclosure = "FR", "ar", Disclosure.TOWN
    session.commit()
    envelope = pypdfium2.PdfDocument(client.get(f"/ar/letter/token-{ana.id}/post.pdf").data)[1]
    text = envelope.get_textpage().get_text_bounded()
    assert text.rstrip().endswith("CANADA")


@pytest.mark.parametrize(
    ("country", "language", "posted_in", "country_line"),
    [
        ("CA", "ar", "FR", "CANADA"),
        ("DE", "ar", "FR", "ALLEMAGNE"),
        ("DE", "es", "FR", "ALEMANIA"),
        ("DE", "ar", "EG", "GERMANY"),
        ("DE", "ar", "JP", "GERMANY"),
        ("DE", "ar", "RS", "NEMAČKA"),
    ],
)
def test_a_country_is_said_in_latin_letters_for_the_post(
    country: str, language: str, posted_in: str, country_line: str
) -> None:
    assert country_for_post(country, language, posted_in) == country_line


def test_what_became_of_a_letter_is_told_once_and_not_promised_again(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    fresh_pages: None,
) -> None:
    page = f"/en/letter/token-{ana.id}"
    assert "We deliver your letter either way." in client.get(page).text
    session.rollback()
    bundle_id = freeze(campaign)
    assert "We deliver your letter either way." in client.get(page).text
    deliver(bundle_id, DeliveryOutcome.REFUSED)
    assert "Your letter was refused at the door. We still have it" in client.get(page).text
    deliver(bundle_id, DeliveryOutcome.REFUSED, clock.time_of(clock.utcnow(), ZONE))
    deliver(bundle_id, DeliveryOutcome.POSTED)
    text = client.get(page).text
    assert "We still have it" not in text
    assert text.count("Refused at the door") == 1
    assert "We deliver your letter either way." not in text
    assert "You can see above what has happened to your letter." in text


@pytest.mark.parametrize(
    "outcome",
    [
        DeliveryOutcome.ACCEPTED,
        DeliveryOutcome.PART,
        DeliveryOutcome.REFUSED,
        DeliveryOutcome.LEFT,
        DeliveryOutcome.POSTED,
        DeliveryOutcome.COURIER,
        "set-aside",
    ],
)
def test_who_sends_a_letter_too_reads_of_no_delivery_that_was_none(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
    outcome: DeliveryOutcome | str,
) -> None:
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign)
    if isinstance(outcome, DeliveryOutcome):
        deliver(bundle_id, outcome, taken=1 if outcome is DeliveryOutcome.PART else None)
    else:
        session.execute(update(Letter).values(set_aside=outcome))
        session.commit()
    text = client.get(f"/en/letter/token-{ana.id}").text
    [send] = re.findall(r'<section aria-labelledby="send">.*?</section>', text, re.DOTALL)
    assert "You can see above what has happened to your letter." in send
    assert "the official may get it twice." in send
    assert "We deliver" not in send
    assert "we delivered" not in send


def test_a_letter_that_cannot_be_printed_is_said_and_the_other_is_given(
    client: FlaskClient, session: Session
) -> None:
    both = [
        Target(
            kind=TargetKind.TO,
            official=make_target_official(number),
            mission=make_target_mission(number),
            position=number,
        )
        for number in (1, 2)
    ]
    campaign = make_campaign(session, reference="UA 9/26", targets=both)
    long = "Chair of the Committee on Delegated Powers and Regulatory Reform, Altamar"
    first, second = (target.official for target in campaign.targets)
    first.name, second.name = "Ines Quintero", "Tomas Arbelaez"
    second.office = {"en": f"{long}, {long}"}
    ana = sign(session, campaign, email=ANA)
    assert len(ana.letters) == 2
    for name, pages in (("letter.pdf", 1), ("post.pdf", 2)):
        response = client.get(f"/en/letter/token-{ana.id}/{name}")
        assert response.status_code == 422
        assert "We cannot print the letter to Tomas Arbelaez" in response.text
        assert "Ines Quintero" not in response.text
        [link] = re.findall(rf'href="([^"]+/{name}\?rest=1)"', response.text)
        rest = client.get(link)
        assert (rest.status_code, rest.mimetype) == (200, "application/pdf")
        assert len(pypdfium2.PdfDocument(rest.data)) == pages


def test_a_printed_letter_names_the_official_whom_it_names(
    app: Flask,
    client: FlaskClient,
    session: Session,
    freeze: Callable[[Campaign], int],
    deliver: Deliver,
) -> None:
    """What its writer sends themselves goes to who holds the office now, inside and outside."""
    both = [
        Target(
            official=make_target_official(number, name=name),
            mission=make_target_mission(1) if number == 1 else None,
            position=number,
        )
        for number, name in ((1, "Ines Quintero"), (2, "Tomas Arbelaez"))
    ]
    both[1].mission = both[0].mission
    campaign = make_campaign(session, reference="UA 9/26", targets=both)
    ana = sign(session, campaign, email=ANA)
    deliver(freeze(campaign), DeliveryOutcome.ACCEPTED)
    reload(session, ana)
    successor = make_target_official(3, name="Pedro Nuevo")
    session.add(successor)
    session.flush()
    target = session.scalars(select(Target).order_by(Target.position)).first()
    assert target is not None
    replace_official(session, target=target, successor=successor, actor="test")
    session.commit()
    fresh = reload(session, ana)
    with app.test_request_context("/en/"):
        texts = {mark.text for mark in marks_of(session, fresh, list_trips(session, fresh))}
    printed = "Ines Quintero, Governor of Altamar"
    assert {printed, "Tomas Arbelaez"} <= texts
    (told,) = [words for words in texts if "At the gate" in words]
    assert f"{printed}; Tomas Arbelaez" in told
    assert not any("Pedro Nuevo" in words for words in texts)
    sent = pypdfium2.PdfDocument(client.get(f"/en/letter/token-{ana.id}/post.pdf").data)
    pages = [page.get_textpage().get_text_bounded() for page in sent]
    assert len(pages) == 4
    assert sum("Pedro Nuevo" in words for words in pages) == 2
    assert not any("Ines Quintero" in words for words in pages)
    kept = pypdfium2.PdfDocument(client.get(f"/en/letter/token-{ana.id}/letter.pdf").data)
    assert "Ines Quintero" in kept[0].get_textpage().get_text_bounded()


@pytest.mark.both_engines
def test_of_two_letters_the_one_that_is_still_here_is_still_to_be_delivered(
    app: Flask, session: Session, freeze: Callable[[Campaign], int], deliver: Deliver
) -> None:
    targets = [
        Target(
            official=make_target_official(number),
            mission=make_target_mission(number, name={"en": f"Embassy {number}"}),
            position=number,
        )
        for number in (1, 2)
    ]
    campaign = make_campaign(session, reference="UA 9/26", targets=targets)
    ana = sign(session, campaign, email=ANA)
    deliver(freeze(campaign), DeliveryOutcome.ACCEPTED)
    fresh = reload(session, ana)
    with app.test_request_context("/en/"):
        marks = marks_of(session, fresh, list_trips(session, fresh))
    ahead = [mark.text for mark in marks if (mark.title, mark.state) == ("Delivered", "ahead")]
    assert ahead == ["Embassy 2, Ottawa"]


@pytest.mark.both_engines
def test_of_a_letter_that_cannot_be_printed_there_is_no_error(
    client: FlaskClient, session: Session, campaign: Campaign, ana: Signature
) -> None:
    campaign.targets[0].official.office = {"en": "Chair of the Committee on Powers " * 4}
    session.commit()
    for name in ("letter.pdf", "post.pdf", "letter.pdf?rest=1"):
        response = client.get(f"/en/letter/token-{ana.id}/{name}")
        assert (response.status_code, response.mimetype) == (422, "text/html")
        assert "Nothing you wrote is lost" in response.text
        assert "rest=1" not in response.text


def test_a_letter_that_is_deleted_while_it_is_withdrawn_is_gone(session: Session) -> None:
    [signature] = add_confirmed(session, make_campaign(session), 1)
    session.flush()
    for column in (Letter.signature_id, Signature.id):
        of_other = delete(column.class_).where(column == signature.id)
        session.execute(of_other, execution_options={"synchronize_session": False})
    with pytest.raises(NotFound):
        change_or_withdraw.withdraw_letter(session, signature, db.utcnow())


def test_the_language_of_the_change_page_is_switched_with_what_is_typed(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    address = f"{box}/{ana.public_id}/change"
    page = client.get(address).text
    (header,) = re.findall(r"<header.*?</header>", page, re.DOTALL)
    assert "hreflang" not in header
    (button,) = re.findall(r'<button [^>]*lang="fr"[^>]*>', page)
    says = dict(re.findall(r'(name|value|formaction)="([^"]*)"', button))
    assert says["formaction"] == address.replace("/en/", "/fr/")
    typed = form_of(own_words="Not saved.", given_name="Zoe", seen=SEEN.findall(page)[0])
    typed |= {says["name"]: says["value"]} if "name" in says else {}
    french = client.post(says["formaction"], data=typed)
    assert french.status_code == 200
    assert '<html lang="fr"' in french.text
    assert "Not saved.</textarea>" in french.text
    assert 'value="Zoe"' in french.text
    assert SEEN.findall(french.text) == SEEN.findall(page)
    assert reload(session, ana).given_name == "Ana"


def test_who_changes_a_letter_that_is_gone_keeps_the_words_and_is_led_to_the_others(
    client: FlaskClient, session: Session, ana: Signature, box: str
) -> None:
    public_id = ana.public_id
    address = f"{box}/{public_id}"
    session.delete(ana)
    session.commit()
    late = client.post(f"{address}/change", data=form_of(own_words="Late words."))
    assert late.status_code == 404
    assert dict(TYPED.findall(late.text))["In your own words"] == "Late words."
    assert f'<a href="{box}">My letters</a>' in late.text
    of_nobody = client.post(f"{box}/nobody/change", data=form_of(own_words="Late words."))
    assert of_nobody.text == late.text.replace(public_id, "nobody"), (
        "whether there was one is not told"
    )
    assert "You have already withdrawn it" in client.post(f"{address}/withdraw").text
