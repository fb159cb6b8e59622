"""Mailings reach those whom they concern, once, whatever crashes or runs at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from campaign.campaigns.content.updates import Telling, post_update
from campaign.campaigns.status_changes import close_campaign, open_campaign, stop_campaign
from campaign.core import clock, db, jobs
from campaign.mail import bad_addresses
from campaign.mail.messages import MailState, OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign, CampaignStatus, UpdateKind
from campaign.models.network import Frequency, Mailing, MailingMember
from campaign.models.staff import Role
from campaign.network import mailings
from campaign.network.mails import news_of
from tests.factories import make_campaign, make_members, post, sign_in
from tests.integration.network.conftest import Mails


def run_queue(app: Flask) -> None:
    """Do what waits in the queue, but for the mails themselves."""
    huey = app.extensions["queue"].huey
    while (task := huey.dequeue()) is not None:
        if task.args[0] != "mail.send":
            huey.execute(task)


def mailing_of(session: Session, campaign: Campaign) -> int:
    """A mailing of a new action that nothing has been sent of."""
    mailing = Mailing(campaign_id=campaign.id)
    session.add(mailing)
    session.commit()
    return mailing.id


def told(session: Session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(MailingMember)) or 0


def test_opening_a_campaign_tells_those_who_want_to_hear_of_it(
    app: Flask, session: Session, mails: Mails
) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    make_members(session, 1, locale="fr")
    make_members(session, 1, countries=["TR"])
    make_members(session, 1, themes=["torture"])
    make_members(session, 1, languages=["ar"])
    make_members(session, 1, frequency=Frequency.WEEKLY)
    make_members(session, 1, countries=["MX"], themes=["defenders"], languages=["es"])
    [bad] = make_members(session, 1)
    bad_addresses.mark(session, bad.email_hmac, "5.1.1")
    open_campaign(session, campaign, actor="command", now=db.utcnow())
    session.commit()
    db.run_after_commit(session)
    run_queue(app)
    sent = mails()
    assert [(mail["kind"], mail["to"], mail["locale"]) for mail in sent] == [
        ("network-action", "member-1@example.org", "fr"),
        ("network-action", "member-6@example.org", "en"),
    ]
    news = sent[0]["news"]
    assert news["title"].startswith("Amara Okafor : menacée")
    assert news["url"] == f"http://127.0.0.1:5000/fr/actions/{campaign.slug}?from=mailing"
    rows = session.execute(select(OutboxMail.campaign_id)).scalars()
    assert set(rows) == {campaign.id}
    jobs.run_now("network.announce", campaign.id)
    jobs.run_now("network.sweep")
    assert len(mails()) == 2


def test_who_reads_no_edition_gets_the_campaigns_main_language(
    session: Session, mails: Mails
) -> None:
    campaign = make_campaign(session, locales=["es", "en"])
    make_members(session, 1, locale="fr")
    jobs.run_now("network.send", mailing_of(session, campaign))
    [mail] = mails()
    assert (mail["locale"], mail["news"]["lang"]) == ("fr", "es")
    assert mail["news"]["country"] == "Mexique"


def test_five_mails_a_day_do_not_starve_a_mailing(session: Session, mails: Mails) -> None:
    make_members(session, 1)
    for _ in range(7):
        jobs.run_now("network.send", mailing_of(session, make_campaign(session)))
    assert len(mails()) == 7


@contextmanager
def failing_at(app: Flask, number: int) -> Iterator[None]:
    """The database goes away at the n-th mail."""
    engine, seen = app.extensions["database"].engine, []

    def count(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("INSERT INTO outbox_mail"):
            seen.append(1)
            if len(seen) == number:
                raise RuntimeError("killed")

    event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", count)


@pytest.mark.both_engines
@pytest.mark.parametrize("number", [1, 4, 6])
def test_a_mailing_that_was_killed_goes_on_where_it_stood(
    app: Flask, session: Session, mails: Mails, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    monkeypatch.setattr(mailings, "BATCH", 2)
    make_members(session, 7)
    mailing_id = mailing_of(session, make_campaign(session))
    with failing_at(app, number), pytest.raises(RuntimeError, match="killed"):
        jobs.run_now("network.send", mailing_id)
    assert len(mails()) == told(session) < number
    jobs.run_now("network.sweep")
    assert [mail["to"] for mail in mails()] == [f"member-{n}@example.org" for n in range(1, 8)]
    session.rollback()
    assert session.get_one(Mailing, mailing_id, populate_existing=True).finished_at is not None


def test_a_sweep_outlives_whatever_becomes_of_one_mailing(
    app: Flask, session: Session, mails: Mails
) -> None:
    make_members(session, 1)
    for _ in range(2):
        mailing_of(session, make_campaign(session))
    with failing_at(app, 1):
        jobs.run_now("network.sweep")
    assert [mail["news"]["reference"] for mail in mails()] == ["UA 2/26"]
    jobs.run_now("network.sweep")
    assert len(mails()) == 2


@pytest.mark.both_engines
def test_workers_at_once_tell_each_member_once(
    app: Flask, session: Session, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailings, "BATCH", 3)
    make_members(session, 30)
    mailing_id = mailing_of(session, make_campaign(session))

    def work(_: int) -> None:
        with app.app_context():
            jobs.run_now("network.send", mailing_id)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len({mail["to"] for mail in mails()}) == len(mails()) == told(session) == 30


def test_the_key_keeps_from_telling_twice_even_when_the_place_is_lost(
    session: Session, mails: Mails
) -> None:
    make_members(session, 3)
    mailing_id = mailing_of(session, make_campaign(session))
    jobs.run_now("network.send", mailing_id)
    mailing = session.get_one(Mailing, mailing_id, populate_existing=True)
    mailing.last_member_id, mailing.finished_at = 0, None
    session.commit()
    jobs.run_now("network.send", mailing_id)
    assert len(mails()) == 3


def test_an_announcement_whose_message_was_lost_is_made_up_for(
    session: Session, mails: Mails
) -> None:
    make_campaign(session)
    make_campaign(session, opened_at=db.utcnow() - timedelta(days=30))
    make_members(session, 1)
    session.commit()
    jobs.run_now("network.sweep")
    jobs.run_now("network.sweep")
    assert [mail["news"]["reference"] for mail in mails()] == ["UA 1/26"]


@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_a_campaign_that_ended_tells_nobody_more(session: Session, mails: Mails, end: Any) -> None:
    campaign = make_campaign(session)
    make_members(session, 2)
    mailing_id = mailing_of(session, campaign)
    end(session, campaign, actor="command", now=db.utcnow(), reasons={"en": "She is safe."})
    session.commit()
    jobs.run_now("network.send", mailing_id)
    assert mails() == []
    assert session.get_one(Mailing, mailing_id, populate_existing=True).finished_at is not None


def test_a_stop_holds_the_mails_that_wait(session: Session) -> None:
    campaign = make_campaign(session)
    make_members(session, 1)
    jobs.run_now("network.send", mailing_of(session, campaign))
    stop_campaign(
        session, campaign, actor="command", now=db.utcnow(), reasons={"en": "She is safe."}
    )
    session.commit()
    jobs.run_now("mail.sweep")
    [mail] = session.scalars(select(OutboxMail).execution_options(populate_existing=True))
    assert (mail.state, mail.failure) == (MailState.FAILED, "campaign stopped")


# --- Weekly and monthly ------------------------------------------------------------------------


def ago(**span: float) -> Any:
    return db.utcnow() - timedelta(**span)


def test_a_week_and_a_month_bring_one_mail_with_all_that_is_new(
    session: Session, mails: Mails
) -> None:
    make_members(session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=8))
    make_members(session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=6))
    make_members(session, 1, frequency=Frequency.MONTHLY, confirmed_at=ago(days=32))
    make_members(session, 1, frequency=Frequency.MONTHLY, confirmed_at=ago(days=27))
    make_members(
        session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=40), told_at=ago(days=1)
    )
    make_members(session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=8), countries=["TR"])
    for number in (1, 2):
        jobs.run_now("network.send", mailing_of(session, make_campaign(session)))
        assert mails() == [], number
    jobs.run_now("network.digest")
    sent = mails()
    assert [(mail["kind"], mail["to"], mail["frequency"]) for mail in sent] == [
        ("network-digest", "member-1@example.org", "weekly"),
        ("network-digest", "member-3@example.org", "monthly"),
    ]
    assert [news["reference"] for news in sent[0]["items"]] == ["UA 1/26", "UA 2/26"]
    assert told(session) == 4
    jobs.run_now("network.digest")
    assert len(mails()) == 2


def test_nobody_is_told_late_whose_day_began_before_that_of_utc(
    session: Session, mails: Mails
) -> None:
    ahead = (
        clock.MOST_AHEAD
    )  # so far their day can be kept ahead of the moment at which they joined
    make_members(session, 1, confirmed_at=db.utcnow() + ahead)
    make_members(session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=7) + ahead)
    month = clock.months_before(db.utcnow(), 1)
    make_members(session, 1, frequency=Frequency.MONTHLY, confirmed_at=month + ahead)
    just_after = Mailing(campaign_id=make_campaign(session).id, created_at=ago(days=7))
    just_after_month = Mailing(campaign_id=make_campaign(session).id, created_at=month)
    session.add_all([just_after, just_after_month])
    session.commit()
    jobs.run_now("network.send", just_after.id)
    jobs.run_now("network.digest")
    assert [
        (mail["to"], [news["reference"] for news in mail.get("items", [])]) for mail in mails()
    ] == [
        ("member-1@example.org", []),
        ("member-2@example.org", ["UA 1/26"]),
        ("member-3@example.org", ["UA 1/26", "UA 2/26"]),
    ]


def test_a_digest_leaves_out_what_was_told_and_what_has_ended(
    session: Session, mails: Mails
) -> None:
    [member] = make_members(session, 1, confirmed_at=ago(days=30))
    jobs.run_now("network.send", mailing_of(session, make_campaign(session)))
    for status in (CampaignStatus.CLOSED, CampaignStatus.STOPPED):
        mailing_of(session, make_campaign(session, status=status))
    mailing_of(session, make_campaign(session, act_by=date(2026, 1, 1)))
    mailing_of(session, make_campaign(session))
    member.frequency = Frequency.WEEKLY
    session.commit()
    jobs.run_now("network.digest")
    assert [news["reference"] for news in mails()[-1]["items"]] == ["UA 5/26"]


@pytest.mark.both_engines
def test_workers_at_once_send_one_digest(app: Flask, session: Session, mails: Mails) -> None:
    make_members(session, 5, frequency=Frequency.WEEKLY, confirmed_at=ago(days=8))
    mailing_of(session, make_campaign(session))

    def work(_: int) -> None:
        with app.app_context():
            jobs.run_now("network.digest")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(mails()) == told(session) == 5


@pytest.mark.both_engines
def test_a_stop_takes_a_case_out_of_a_digest_that_waits(
    app: Flask, session: Session, mails: Mails
) -> None:
    make_members(session, 1, frequency=Frequency.WEEKLY, confirmed_at=ago(days=8))
    stopped, kept = make_campaign(session), make_campaign(session, person_name="Binta Diallo")
    for campaign in (stopped, kept):
        mailing_of(session, campaign)
    jobs.run_now("network.digest")
    assert len(mails()[0]["items"]) == 2
    stop_campaign(
        session, stopped, actor="command", now=db.utcnow(), reasons={"en": "She is safe."}
    )
    session.commit()
    jobs.run_now("mail.sweep")
    [path] = app.extensions["settings"].outbox.glob("*.eml")
    words = path.read_text()
    assert "UA 2/26" in words
    assert "UA 1/26" not in words


# --- Updates and the desk ----------------------------------------------------------------------


def tell(session: Session, campaign: Campaign, kind: UpdateKind) -> None:
    post_update(
        session,
        campaign,
        actor="command",
        kind=kind,
        happened_on=date(2026, 3, 1),
        words={"en": ("The guards are back", "Her *two* guards are back.")},
        telling=Telling(network=True),
    )
    session.commit()
    db.run_after_commit(session)


@pytest.mark.both_engines
def test_the_network_is_told_of_an_update_where_its_author_ticks_it(
    app: Flask, client: FlaskClient, session: Session, mails: Mails
) -> None:
    campaign = make_campaign(session, opened_at=ago(days=30))
    make_members(session, 1)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/campaigns/{campaign.slug}/updates"
    form = {
        "kind": "further-information",
        "happened_on": "2026-03-01",
        "title_en": "The guards are back",
    }
    assert post(client, address, form).status_code == 303
    run_queue(app)
    assert mails() == []
    assert post(client, address, form | {"tell_network": "y"}).status_code == 303
    run_queue(app)
    assert [mail["news"]["title"] for mail in mails()] == ["The guards are back"]
    assert post(client, address, form | {"kind": "reply", "tell_network": "y"}).status_code == 422


def test_good_news_comes_after_the_close_too(app: Flask, session: Session, mails: Mails) -> None:
    campaign = make_campaign(session, status=CampaignStatus.CLOSED)
    make_members(session, 1)
    session.commit()
    tell(session, campaign, UpdateKind.GOOD_NEWS)
    run_queue(app)
    [mail] = mails()
    assert (mail["news"]["kind"], mail["news"]["deadline"]) == ("good-news", "")


@pytest.mark.parametrize(("hours", "deadline"), [(-1, "Saturday 5 December"), (1, "")])
def test_in_the_last_hours_no_email_names_a_day_that_is_over(
    session: Session, hours: int, deadline: str
) -> None:
    campaign = make_campaign(session, act_by=date(2026, 12, 5), timezone="America/Toronto")
    midnight = datetime(2026, 12, 6, tzinfo=ZoneInfo("America/Toronto"))
    news = news_of(campaign, None, "en", midnight + timedelta(hours=hours))
    assert news["deadline"] == deadline


@pytest.mark.both_engines
def test_an_update_whose_message_was_lost_is_made_up_for(session: Session, mails: Mails) -> None:
    campaign = make_campaign(session, opened_at=ago(days=30))
    make_members(session, 1)
    session.commit()
    tell(session, campaign, UpdateKind.FURTHER_INFORMATION)
    jobs.run_now("network.sweep")
    jobs.run_now("network.sweep")
    assert len(mails()) == 1


@pytest.mark.both_engines
def test_the_desk_sees_how_many_and_never_who(
    app: Flask, client: FlaskClient, session: Session, mails: Mails, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make_campaign(session, opened_at=ago(days=30))
    new = make_campaign(session)
    make_members(session, 3)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/campaigns/{campaign.slug}"
    assert "Tell the network" in client.get(address).text
    page = client.get(f"/desk/campaigns/{new.slug}").text
    assert "The emails are queued" in page
    assert "Tell the network" not in page
    assert post(client, f"{address}/network").status_code == 303
    assert "Queued." in client.get(address).text
    monkeypatch.setattr(mailings, "BATCH", 2)
    [mailing_id] = session.scalars(select(Mailing.id)).all()
    session.rollback()
    mailings.send_batch(mailing_id)
    page = client.get(address).text
    assert "2 members were told" in page
    assert "Being sent: 2 of 3 members processed." in page
    assert "2 of these emails have not gone out yet." in page
    run_queue(app)
    page = client.get(address).text
    assert "3 members were told" in page
    assert "Sent on " in page
    assert "member-1" not in page
    assert "Tell the network" not in page
    post(client, f"{address}/network")
    run_queue(app)
    assert len(mails()) == 3


def test_a_draft_cannot_be_told_of(app: Flask, client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    assert "Tell the network" not in client.get(f"/desk/campaigns/{campaign.slug}").text
    assert post(client, f"/desk/campaigns/{campaign.slug}/network").status_code == 303
    session.rollback()
    assert session.scalar(select(func.count(Mailing.id))) == 0


@pytest.mark.parametrize("tells", [True, False])
def test_who_opens_an_action_again_chooses_whether_the_network_hears_of_it(
    app: Flask, client: FlaskClient, session: Session, mails: Mails, tells: bool
) -> None:
    long_ago = clock.utcnow() - timedelta(days=40)
    campaign = make_campaign(session, status=CampaignStatus.CLOSED, opened_at=long_ago)
    make_members(session, 1, countries=["TR"])
    make_members(session, 1)
    make_members(session, 1, frequency=Frequency.WEEKLY)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    url = f"/desk/campaigns/{campaign.slug}/status"
    page = client.get(f"{url}?to=open").text
    assert "Tell the network (2)" in page
    seen = page.partition('name="seen"')[2].partition('value="')[2].partition('"')[0]
    form = {"to": "open", "act_by": "2099-02-01", "seen": seen} | (
        {"tell_network": "y"} if tells else {}
    )
    assert post(client, url, form).status_code == 303
    run_queue(app)
    jobs.run_now("network.sweep")
    assert told(session) == int(tells)
    leads = [str(mail.context) for mail in session.scalars(select(OutboxMail))]
    assert len(leads) == int(tells)
    if tells:
        mail = render(session.scalars(select(OutboxMail)).one(), app.extensions["settings"])
        words = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
        assert "An action is open in your urgent action network" in words
        assert "new action" not in words


def test_who_opens_an_action_reads_how_many_of_the_network_hear_of_it(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    make_members(session, 3)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    url = f"/desk/campaigns/{campaign.slug}/status"
    for step in ("open", "scheduled"):
        page = client.get(f"{url}?to={step}").text
        assert "3 members of the network hear about it by email." in page
