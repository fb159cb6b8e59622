"""Who is emailed an update: form, preview, proposal and notice say what the sender does."""

import html
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.campaigns import status_changes
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.mail.messages import MailState, OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, Update
from campaign.models.notice import Notice
from campaign.models.revision import Proposal
from campaign.models.signature import Signature
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_proposals import asks_for_approval

HOME = "/desk/campaigns/ua-1-26"
UPDATE = {"happened_on": "2026-01-09", "title_en": "News", "body_en": "At **home**."}
NOBODY = "The campaign is stopped, so no one gets an email about this update."
ADVICE = "Return it with a note, so that its author can send it again without that email."
KINDS = ("further-information", "good-news", "reply", "outcome")


@pytest.fixture(autouse=True)
def case(session: Session) -> Iterator[Campaign]:
    """An open campaign with two who asked for news."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2, consent_updates_at=db.utcnow())
    session.commit()
    yield campaign
    session.rollback()


def stop(session: Session, campaign: Campaign) -> None:
    session.rollback()
    reasons = {"en": "It is over."}
    status_changes.stop_campaign(session, campaign, actor="a", now=db.utcnow(), reasons=reasons)
    session.commit()


def close(session: Session, campaign: Campaign) -> None:
    session.rollback()
    status_changes.close_campaign(session, campaign, actor="a", now=db.utcnow())
    session.commit()


def text_of(page: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", page).split()))


def newest_url(session: Session) -> str:
    session.rollback()
    ids = select(Proposal.public_id).order_by(Proposal.id.desc())
    return f"{HOME}/proposals/{session.scalars(ids).first()}"


def links_that_lead_nowhere(page: str) -> set[str]:
    return set(re.findall(r'href="#([\w-]+)"', page)) - set(re.findall(r'id="([\w-]+)"', page))


def count_told(session: Session) -> int:
    """Do what the worker does, apart from sending."""
    session.rollback()
    jobs.run_now("following.find-news")
    for notice_id in session.scalars(select(Notice.id)).all():
        session.rollback()
        jobs.run_now("following.tell", notice_id)
    session.rollback()
    told = session.scalars(select(OutboxMail.id).filter_by(kind="case-update")).all()
    return len(told)


@pytest.mark.parametrize("is_ticked", [False, True])
@pytest.mark.parametrize("is_stopped", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_preview_and_notice_promise_the_emails_that_go(
    app: Flask,
    client: FlaskClient,
    session: Session,
    case: Campaign,
    kind: str,
    is_stopped: bool,
    is_ticked: bool,
) -> None:
    if is_stopped:
        stop(session, case)
    sign_in(client, app, Role.ORGANIZER)
    page = text_of(client.get(f"{HOME}/updates").text)
    assert ("we email only an outcome: to 2 people" in page) == is_stopped
    sent = UPDATE | {"kind": kind} | ({"tell_signers": "y"} if is_ticked else {})
    preview = text_of(post(client, f"{HOME}/updates", sent | {"look": "1"}).text)
    if is_stopped and kind != "outcome":
        sent.pop("tell_signers", None)  # the page that shows the preview has no box for it
    answer = post(client, f"{HOME}/updates", sent)
    assert answer.status_code == 303
    notice = text_of(client.get(answer.location).text)
    told = count_told(session)
    assert ("Emails will go to 2 people." in preview) == ("Emails will go to 2" in notice)
    assert told == (2 if "Emails will go to 2 people." in notice else 0)
    assert bool(told) == (kind == "outcome" or (not is_stopped and (is_ticked or kind == "reply")))
    none = NOBODY if is_stopped else "No one gets an email about this."
    assert [none in text for text in (preview, notice)] == [not told, not told]
    again = text_of(client.get(f"{HOME}/updates").text)
    assert ("If you publish an outcome again, it is emailed again." in again) == is_stopped
    assert ("If you publish an outcome or a reply again" in again) != is_stopped


@pytest.mark.parametrize("tick", ["tell_signers", "tell_network"])
@pytest.mark.parametrize("waits", [False, True])
def test_a_stop_while_the_form_is_open_leaves_the_update_without_emails(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, tick: str, waits: bool
) -> None:
    if waits:
        asks_for_approval(app)
    sign_in(client, app, Role.ORGANIZER)
    sent = UPDATE | {"kind": "good-news"}
    stop(session, case)
    late = post(client, f"{HOME}/updates", sent | {tick: "y"})
    assert late.status_code == 422
    assert "the campaign was stopped after you opened the page" in text_of(late.text)
    assert "send it again" in text_of(late.text)
    assert "At **home**." in late.text
    assert links_that_lead_nowhere(late.text) == set()
    assert tick not in late.text
    assert post(client, f"{HOME}/updates", sent).status_code == 303


def test_a_reply_that_waits_at_a_stop_is_published_without_emails(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    asks_for_approval(app)
    sign_in(client, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE | {"kind": "reply"})
    url = newest_url(session)
    stop(session, case)
    sign_in(client, app, Role.ORGANIZER)
    page = text_of(client.get(url).text)
    assert NOBODY in page
    assert ADVICE not in page
    answer = post(client, url, {"decision": "approve"})
    assert f"Text approved and published. {NOBODY}" in text_of(client.get(answer.location).text)
    assert count_told(session) == 0
    assert len(session.scalars(select(Update)).all()) == 1


@pytest.mark.parametrize("tick", ["tell_signers", "tell_network"])
def test_an_update_with_a_tick_that_waits_at_a_stop_is_returned_and_sent_without_it(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, tick: str
) -> None:
    asks_for_approval(app)
    colleague = app.test_client()
    sign_in(client, app, Role.ORGANIZER)
    sign_in(colleague, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE | {"kind": "good-news", tick: "y"})
    url = newest_url(session)
    stop(session, case)
    assert f"{NOBODY} {ADVICE}" in text_of(colleague.get(url).text)
    refused = post(colleague, url, {"decision": "approve"})
    assert refused.status_code == 422
    assert f"an email that can no longer be sent. {ADVICE}" in text_of(refused.text)
    assert links_that_lead_nowhere(refused.text) == set()
    note = {"decision": "return", "note": "Without emails."}
    assert post(colleague, url, note).status_code == 303
    own = text_of(client.get(url).text)
    assert f"{NOBODY} Edit the text, and send it again without that email." in own
    assert ADVICE not in own
    again = url.replace("proposals/", "updates?proposal=")
    form = client.get(again).text
    assert "At **home**." in form
    assert tick not in form
    assert post(client, again, UPDATE | {"kind": "good-news"}).status_code == 303
    page = text_of(colleague.get(newest_url(session)).text)
    assert NOBODY in page
    assert ADVICE not in page
    assert post(colleague, newest_url(session), {"decision": "approve"}).status_code == 303
    assert count_told(session) == 0


def test_an_outcome_with_a_tick_that_waits_at_a_stop_is_emailed(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    asks_for_approval(app)
    sign_in(client, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE | {"kind": "outcome", "tell_signers": "y"})
    url = newest_url(session)
    stop(session, case)
    sign_in(client, app, Role.ORGANIZER)
    assert "Emails will go to 2 people." in text_of(client.get(url).text)
    assert post(client, url, {"decision": "approve"}).status_code == 303
    assert count_told(session) == 2


def test_a_closing_leaves_the_network_out_of_what_waits_for_approval(
    app: Flask, client: FlaskClient, session: Session, case: Campaign
) -> None:
    asks_for_approval(app)
    ticks = {"tell_network": "y", "tell_signers": "y"}
    sign_in(client, app, Role.ORGANIZER)
    post(client, f"{HOME}/updates", UPDATE | {"kind": "further-information"} | ticks)
    url = newest_url(session)
    close(session, case)
    sign_in(client, app, Role.ORGANIZER)
    page = text_of(client.get(url).text)
    assert "network gets an email" not in page
    assert "Emails will go to 2 people. The urgent action network can get no email" in page
    assert ADVICE in page
    refused = post(client, url, {"decision": "approve"})
    assert f"an email that can no longer be sent. {ADVICE}" in text_of(refused.text)


@pytest.mark.parametrize("is_stopped", [False, True])
def test_where_no_one_gets_news_the_pages_say_so(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, is_stopped: bool
) -> None:
    session.execute(update(Signature).values(consent_updates_at=None))
    session.commit()
    if is_stopped:
        stop(session, case)
    sign_in(client, app, Role.ORGANIZER)
    page = text_of(client.get(f"{HOME}/updates").text)
    assert "No supporter gets news about this case." in page
    sent = UPDATE | {"kind": "outcome"}
    preview = text_of(post(client, f"{HOME}/updates", sent | {"look": "1"}).text)
    notice = text_of(client.get(post(client, f"{HOME}/updates", sent).location).text)
    for words in (preview, notice):
        assert "No supporter gets news about this case. No one gets an email about this." in words
    assert not any("0 people" in words for words in (page, preview, notice))


EMAILED = "Already emailed"
CORRECTS = "The next email says that it corrects the earlier one."
CORRECTION = {
    "outcome": "We correct an earlier email about how the case ended.",
    "good-news": "We correct an earlier email about this case.",
}


def send_all(session: Session, settings: Settings) -> list[str]:
    """Tell and send what waits; subject and text of each email, the newest last."""
    count_told(session)
    mails = session.scalars(
        select(OutboxMail).filter_by(kind="case-update", state=MailState.WAITING)
    )
    shown = [render(mail, settings) for mail in mails.all()]
    session.rollback()
    jobs.run_now("mail.sweep")
    texts = [" ".join(str(mail.get_body(("plain",)).get_content()).split()) for mail in shown]  # type: ignore[union-attr]
    return [f"{mail['Subject']} {text}" for mail, text in zip(shown, texts, strict=True)]


def publish(client: FlaskClient, url: str, **more: str) -> None:
    assert post(client, url, UPDATE | more).status_code == 303


def unpublish(client: FlaskClient, session: Session) -> str:
    """Take the newest update off the page; where its form is."""
    session.rollback()
    newest = session.scalars(select(Update).order_by(Update.id.desc())).first()
    assert newest is not None
    seen = {"update": str(newest.id), "published_at": newest.published_at.isoformat()}
    session.rollback()
    return post(client, f"{HOME}/updates/take-back", seen).location


@pytest.mark.parametrize("kind", CORRECTION)
def test_an_update_that_was_emailed_and_unpublished_is_emailed_as_a_correction(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, settings: Settings, kind: str
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    sent = {"kind": kind, "tell_signers": "y"}
    publish(client, f"{HOME}/updates", **sent)
    first = send_all(session, settings)
    assert len(first) == 2
    assert all("Correction" not in mail and CORRECTION[kind] not in mail for mail in first)
    add_confirmed(session, case, 1, consent_updates_at=db.utcnow(), email="new@example.org")
    session.commit()
    again = unpublish(client, session)
    page = client.get(again).text
    assert EMAILED in page
    assert CORRECTS in page
    asks_for_approval(app)
    session.rollback()
    publish(client, again, **sent, title_en="Corrected")
    colleague = app.test_client()
    sign_in(colleague, app, Role.ADMIN, name="Ada")
    url = newest_url(session)
    assert CORRECTS in colleague.get(url).text
    session.rollback()
    assert post(colleague, url, {"decision": "approve"}).status_code == 303
    second = send_all(session, settings)
    assert len(second) == 3
    assert sum("Correction: " in mail and CORRECTION[kind] in mail for mail in second) == 2
    other = {"kind": "further-information", "tell_signers": "y"}
    session.rollback()
    publish(colleague, f"{HOME}/updates", **other)
    session.rollback()
    post(client, newest_url(session), {"decision": "approve"})
    assert all("Correction" not in mail for mail in send_all(session, settings))


def count_corrections(mails: list[str]) -> tuple[int, int]:
    words = CORRECTION["outcome"]
    return sum("Correction: " in mail and words in mail for mail in mails), len(mails)


def test_an_outcome_after_one_that_is_corrected_and_stays_published_corrects_nothing(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    publish(client, f"{HOME}/updates", kind="outcome")
    assert count_corrections(send_all(session, settings)) == (0, 2)
    session.rollback()
    publish(client, unpublish(client, session), kind="outcome", title_en="Corrected")
    assert count_corrections(send_all(session, settings)) == (2, 2)
    assert "It is still published" in client.get(f"{HOME}/updates?kind=outcome").text
    session.rollback()
    publish(client, f"{HOME}/updates", kind="outcome", title_en="An apology")
    assert count_corrections(send_all(session, settings)) == (0, 2)
    session.rollback()
    unpublish(client, session)
    assert CORRECTS in client.get(f"{HOME}/updates?kind=outcome").text
    session.rollback()
    publish(client, f"{HOME}/updates", kind="outcome", title_en="No apology")
    assert count_corrections(send_all(session, settings)) == (2, 2)


@pytest.mark.both_engines
def test_the_first_of_two_outcomes_is_corrected_although_the_second_stays_published(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    publish(client, f"{HOME}/updates", kind="outcome")
    send_all(session, settings)
    first = session.scalars(select(Update)).one()
    seen = {"update": str(first.id), "published_at": first.published_at.isoformat()}
    session.rollback()
    publish(client, f"{HOME}/updates", kind="outcome", title_en="An apology")
    assert count_corrections(send_all(session, settings)) == (0, 2)
    session.rollback()
    again = post(client, f"{HOME}/updates/take-back", seen).location
    assert CORRECTS in client.get(again).text
    session.rollback()
    publish(client, again, kind="outcome", title_en="Corrected")
    assert count_corrections(send_all(session, settings)) == (2, 2)


def test_an_update_that_reached_nobody_before_it_was_unpublished_corrects_nothing(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    publish(client, f"{HOME}/updates", kind="outcome")
    assert count_told(session) == 2  # in the outbox
    again = unpublish(client, session)
    assert EMAILED not in client.get(again).text
    publish(client, again, kind="outcome", title_en="Corrected")
    mails = send_all(session, settings)
    assert any("Corrected" in mail for mail in mails)
    assert all("Correction: " not in mail for mail in mails)


@pytest.mark.both_engines
def test_an_email_about_another_update_that_waits_hides_nobody_who_read_the_first(
    app: Flask, client: FlaskClient, session: Session, settings: Settings
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    further = {"kind": "further-information", "tell_signers": "y"}
    publish(client, f"{HOME}/updates", **further, title_en="False")
    assert len(send_all(session, settings)) == 2
    false = session.scalars(select(Update)).one()
    seen = {"update": str(false.id), "published_at": false.published_at.isoformat()}
    session.rollback()
    publish(client, f"{HOME}/updates", **further, title_en="Another")
    assert count_told(session) == 4
    session.rollback()
    again = post(client, f"{HOME}/updates/take-back", seen).location
    assert EMAILED in client.get(again).text


def test_whoever_writes_a_second_outcome_reads_that_the_first_was_emailed(
    app: Flask, client: FlaskClient, session: Session, case: Campaign, settings: Settings
) -> None:
    sign_in(client, app, Role.ORGANIZER)
    publish(client, f"{HOME}/updates", kind="outcome")
    send_all(session, settings)
    page = client.get(f"{HOME}/updates?kind=outcome").text
    assert "It is still published. If the new one corrects it, unpublish it first." in page
    assert EMAILED not in client.get(f"{HOME}/updates").text
    session.rollback()
    case.reopened_at = db.utcnow()  # another end has an outcome of its own
    session.commit()
    assert EMAILED not in client.get(f"{HOME}/updates?kind=outcome").text
