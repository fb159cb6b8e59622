"""What the database tells in clear of when somebody signed: the day, once it is confirmed.

Every column of times is one of days or hours, or named here with its reason, or these tests fail.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from campaign import migrations
from campaign.campaigns.public_counts import last_count
from campaign.core import clock, db, jobs
from campaign.core.db import Base, UtcDateTime
from campaign.dashboard.count_figures import count
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign
from campaign.models.network import NetworkMember
from campaign.models.screening import TrendCount
from campaign.models.signature import Signature, SignatureState
from campaign.models.statistics import CampaignFigures
from campaign.network import memberships
from campaign.screening.invalidation_job import find
from campaign.screening.trends import EVERYWHERE, count_trends
from campaign.signing import confirm_letter
from campaign.signing.checks.conditions import Conditions
from campaign.tracking.change_or_withdraw import withdraw_letter
from campaign.tracking.news_subscription import switch_news
from tests.days import ZONE
from tests.integration.signing.conftest import FORM

BEFORE = import_module("campaign.migrations.versions.0051_days").down_revision
NOT_OF_SIGNERS = {
    "alarm", "api_token", "audit_entry", "bundle", "bundle_print", "bundle_reprint", "campaign",
    "campaign_member", "contact_import", "cover_text", "crm_connection", "data_export",
    "delivery_attempt", "desk_draft", "directory_import", "envelope_run", "export_key",
    "file_approval", "gate_file", "gate_visit", "held_bundle", "invalidation", "journey",
    "letter_move", "letter_template", "mailing", "mission", "new_campaign_draft", "notice",
    "official", "organisation_text", "paper_import", "paper_row", "paper_sheet", "passkey",
    "past_copy", "post", "privacy_notice", "proposal", "recovery_code", "reply", "rerouting",
    "revision", "risk_flag", "scan", "screening_act", "staff_user", "target", "told_apart",
    "update", "used_challenge", "volume", "webhook_endpoint",
}  # fmt: skip
"""Tables whose times are of what staff did, or a job for many at once."""
DAYS = {
    "erased_member.erased_at",
    "hold.held_at",
    "letters_link.created_at",
    "consent_wording.first_used_at",
    "network_member.confirmed_at",
    "network_member.joined_at",
    "signature.confirmed_at",
    "signature.consent_delivery_at",
    "signature.consent_network_at",
    "signature.consent_updates_at",
    "signature.news_stopped_at",
    "signature.reminded_at",
    "signature.sent_by_self_at",
    "signature.signed_at",
    "signature.token_expires_at",
    "signature.withdrawn_at",
}
HOURS = {
    "letters_link.expires_at": "of a link to My letters; once it has expired it tells the day",
    "outbox_mail.created_at": "five mails a day are counted by it; after a day it tells the day",
    "outbox_mail.due_at": "so that two of a kind are hours apart; after a day it tells the day",
    "outbox_mail.sent_at": "after a day it tells the day",
    "rate_limit.expires_at": "of a network, of which it tells nothing; it is deleted then",
    "webhook_event.created_at": "of what happened, so that it is deleted when its time is over",
    "webhook_event.shared_at": "when a job took it up",
    "webhook_post.due_at": "when a job took it up, or tries again",
    "trend_count.hour": "of all together, or of three with one mark; deleted with the traces",
}
KEPT = {
    "bad_address.marked_at": "of an address to which mail does not get: who confirms has none",
    "suppressed_address.added_at": "of an address that staff or a list of theirs named",
    "crm_person.due_at": "when a job took it up, or tries again",
    "campaign_tally.counted_at": "of a job, for all letters of a campaign",
    "figures_block.counted_at": "of a job, for a thousand letters",
    "figures_run.counted_at": "of a job, for all letters",
    "figures_run.expired_to": "of a job, for all letters",
    "figures_run.mails_at": "of a job, for all letters",
    "hold.returned_at": "when staff asked for a change",
    "mailing_member.told_at": "of a mailing, for many members at once",
    "network_member.left_at": "who left before they signed again joins again, who left after not",
    "network_member.told_at": "of a mailing, for many members at once",
    "network_member.token_expires_at": "until the membership is confirmed",
    "signature.forgotten_at": "of the job that deleted who wrote, for many at once",
    "signature.unlinked_at": "of the job that deleted fingerprints, for many at once",
    "spent_link.ended_at": "of a letter that was never confirmed, or erased: there is no other row",
    "spent_work.expires_at": "of a sum that a browser did; no row says whose",
}


def _times() -> dict[str, Any]:
    return {
        f"{table.name}.{column.name}": column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, UtcDateTime) and table.name not in NOT_OF_SIGNERS
    }


def _is_day(moment: datetime, name: str = "") -> bool:
    """Whether it tells the day alone: of the place, or of UTC as those of members."""
    zones = ["UTC"] if "_member." in name else [ZONE, "UTC"]
    return moment.replace(microsecond=0) in {clock.cut_to_day(moment, zone) for zone in zones}


def _is_hour(moment: datetime) -> bool:
    ends = moment + timedelta(microseconds=1)
    return clock.cut_to_hour(moment) == moment or clock.cut_to_hour(ends) == ends


def test_every_time_of_a_signer_is_a_day_or_has_its_reason() -> None:
    assert sorted(_times()) == sorted([*DAYS, *HOURS, *KEPT])


@pytest.fixture
def half_past(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """What the clock says: a moment that is no hour."""
    moment = clock.cut_to_hour(clock.utcnow()) - timedelta(minutes=22, seconds=1.5)
    monkeypatch.setattr(db, "utcnow", lambda: moment)
    return moment


@pytest.fixture
def confirmed(
    app: Flask,
    client: FlaskClient,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    half_past: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """Address of a letter that was confirmed three minutes after it was signed."""
    asked = {"consent_updates": "yes", "consent_network": "yes"}
    client.post(f"{case}/sign", data=FORM | asked)
    link = str(mails()[0]["link"]).removeprefix("http://127.0.0.1:5000")
    monkeypatch.setattr(db, "utcnow", lambda: half_past + timedelta(minutes=3))
    assert client.post(link).status_code == 303
    yield link
    _check_times(app)


def _check_times(app: Flask) -> None:
    """Once the emails went, each time in clear is a day or an hour."""
    with app.app_context():
        jobs.run_now("mail.sweep")
    with app.app_context(), db.reading() as session:
        moments = {
            name: session.scalars(select(column).where(column.is_not(None))).all()
            for name, column in _times().items()
        }
    assert moments["signature.confirmed_at"]
    assert moments["outbox_mail.sent_at"]
    assert [name for name in DAYS if not all(_is_day(at, name) for at in moments[name])] == []
    assert [name for name in HOURS if not all(map(_is_hour, moments[name]))] == []


def _read(session: Session) -> Signature:
    session.rollback()
    return session.scalars(select(Signature).execution_options(populate_existing=True)).one()


def test_a_confirmed_letter_tells_the_day_and_whoever_has_the_key_the_moment(
    app: Flask, session: Session, confirmed: str, half_past: datetime
) -> None:
    with app.app_context():
        memberships.join_after_confirmation(1)
    signature = _read(session)
    assert signature.times == (half_past, half_past + timedelta(minutes=3))
    assert signature.consent_network_at == signature.signed_at < half_past
    assert session.scalars(select(NetworkMember.confirmed_at)).all() != []
    session.rollback()
    _check_times(app)


def test_the_figures_of_delays_go_by_the_moments(
    app: Flask, session: Session, confirmed: str
) -> None:
    with app.app_context():
        count()
    counts = session.scalars(select(CampaignFigures)).one().counts
    assert "delay\\t5" in counts
    assert "place\\tCA\\tQC" in counts


def test_who_has_just_confirmed_is_in_the_number_once(
    app: Flask, client: FlaskClient, session: Session, confirmed: str
) -> None:
    assert "1 person has written" in client.get(confirmed).text
    with app.app_context():
        jobs.run_now("campaigns.count")
    assert last_count(session, session.scalars(select(Campaign)).one())[1] == 1
    assert "1 person has written" in client.get(confirmed).text


def test_who_confirms_after_a_count_is_in_the_number_they_see(
    app: Flask,
    client: FlaskClient,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    confirmed: str,
    half_past: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with app.app_context():
        jobs.run_now("campaigns.count")
    monkeypatch.setattr(db, "utcnow", lambda: half_past + timedelta(minutes=4))
    client.post(f"{case}/sign", data=FORM | {"email": "bo@example.org", "given_name": "Bo"})
    link = str(mails()[-1]["link"]).removeprefix("http://127.0.0.1:5000")
    client.post(link)
    assert "2 people have written" in client.get(link).text
    assert "1 person has written" in client.get(confirmed).text


def test_two_of_one_mailbox_who_confirm_after_a_count_are_both_in_the_number(
    app: Flask,
    client: FlaskClient,
    case: str,
    mails: Callable[[], list[dict[str, Any]]],
    half_past: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with app.app_context():
        jobs.run_now("campaigns.count")
    monkeypatch.setattr(db, "utcnow", lambda: half_past + timedelta(minutes=4))
    for name in ("Bo", "Cleo"):
        client.post(f"{case}/sign", data=FORM | {"given_name": name})
        client.post(mails()[-1]["link"])
    for mail in mails():
        assert "2 people have written" in client.get(mail["link"]).text


def test_news_and_withdrawing_tell_the_day(
    app: Flask, session: Session, confirmed: str, half_past: datetime
) -> None:
    signature = _read(session)
    switch_news(session, signature, on=False, now=half_past)
    switch_news(session, signature, on=True, now=half_past)
    assert signature.consent_updates_at == signature.signed_at
    withdraw_letter(session, signature, half_past)
    session.commit()
    assert _read(session).withdrawn_at == signature.signed_at


def test_a_letter_that_is_withdrawn_before_it_is_confirmed_tells_the_day_too(
    app: Flask, client: FlaskClient, case: str, session: Session, half_past: datetime
) -> None:
    client.post(f"{case}/sign", data=FORM)
    signature = _read(session)
    assert signature.signed_at == half_past
    withdraw_letter(session, signature, half_past)
    session.commit()
    signature = _read(session)
    assert _is_day(signature.signed_at)
    assert signature.times == (half_past, None)
    client.post(f"{case}/sign", data=FORM)
    assert (_read(session).exact_times, _read(session).signed_at) == (None, half_past)


def test_a_consent_that_is_taken_back_at_that_moment_stays_taken_back(
    app: Flask, client: FlaskClient, case: str, session: Session, half_past: datetime
) -> None:
    client.post(f"{case}/sign", data=FORM | {"consent_updates": "yes"})
    signature = _read(session)
    session.commit()
    with app.app_context(), db.transaction() as other:
        other.get_one(Signature, signature.id).consent_updates_at = None
    confirm_letter.confirm_signature(session, signature, now=half_past)
    session.commit()
    assert _read(session).consent_updates_at is None


@pytest.mark.both_engines
def test_after_a_day_a_mail_that_went_tells_the_day(
    app: Flask,
    session: Session,
    confirmed: str,
    half_past: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with app.app_context():
        jobs.run_now("mail.sweep")
        monkeypatch.setattr(db, "utcnow", lambda: half_past + timedelta(hours=24))
        jobs.run_now("mail.forget")
        [mail] = session.scalars(select(OutboxMail)).all()
        assert clock.cut_to_hour(half_past) in {mail.created_at, mail.sent_at}
        session.rollback()
        monkeypatch.setattr(db, "utcnow", lambda: half_past + timedelta(hours=27))
        for _ in range(2):
            jobs.run_now("mail.forget")
    mail = session.scalars(select(OutboxMail).execution_options(populate_existing=True)).one()
    day = clock.cut_to_day(half_past, "UTC")
    assert (mail.created_at, mail.sent_at, mail.due_at) == (day, day, day)


@pytest.mark.both_engines
def test_floods_are_counted_by_the_hour_and_found_by_the_minute(
    app: Flask, session: Session, confirmed: str, half_past: datetime
) -> None:
    _read(session).trace = "192.0.2.1\nbrowser"
    session.commit()
    with app.app_context():
        count_trends()
    rows = select(TrendCount.hour, TrendCount.count).where(TrendCount.campaign_id == EVERYWHERE)
    assert [tuple(row) for row in session.execute(rows)] == [(clock.cut_to_hour(half_past), 1)]
    signature = _read(session)
    minute = timedelta(minutes=1)
    for since, until, number in ((-1, 1, 1), (1, 2, 0), (-2, 0, 0)):
        conditions = Conditions(since=half_past + since * minute, until=half_past + until * minute)
        matches = find(session, conditions, campaign_id=None, after=0, upto=signature.id)
        assert len(matches) == number


@pytest.mark.both_engines
def test_the_migration_cuts_what_there_is_and_gives_the_moments_back(
    app: Flask, client: FlaskClient, case: str, session: Session, confirmed: str
) -> None:
    moments = _read(session).times
    session.close()
    engine = app.extensions["database"].engine
    migrations.downgrade(engine, BEFORE)
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM signature")).one()
    assert (row.country, row.source) == ("CA", "")
    assert "investigate" in str(row.points)
    if engine.dialect.name == "sqlite":
        assert datetime.fromisoformat(f"{row.signed_at}Z") == moments[0]
    else:
        assert row.signed_at == moments[0]
    migrations.upgrade(engine)
    signature = _read(session)
    assert (signature.times, signature.country) == (moments, "CA")
    assert signature.points == ["protect", "investigate"]
    assert signature.state is SignatureState.CONFIRMED
