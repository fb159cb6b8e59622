"""Members and their consents, as other programs read them."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign import storage
from campaign.core import clock, db
from campaign.core.settings import Settings
from campaign.exports import requests
from campaign.exports.consent_list import COLUMNS, iter_rows, name_outside
from campaign.mail import bad_addresses
from campaign.models.export import ConsentColumns, DataExport, ExportState
from campaign.models.network import ErasedMember, MemberOrigin, MemberState, NetworkMember
from campaign.models.staff import StaffUser
from campaign.network import memberships
from campaign.privacy.erase_supporter import erase_mailbox
from campaign.privacy.subject_access import gather_data
from campaign.signing.signed_links import digest_of
from campaign.tracking.letter_links import Mailbox
from tests.days import ZONE
from tests.factories import add_confirmed, make_campaign, make_members, post
from tests.integration.exports.conftest import EVIL, REASON, Scene
from tests.integration.exports.test_requests import second_person

MakeFile = Callable[[int], bytes]
List = Callable[..., list[dict[str, str]]]


@pytest.fixture
def listed(app: Flask, settings: Settings, scene: Scene, make_file: MakeFile) -> List:
    """Asks for a list, makes it and, where told so, downloads it; gives its rows."""

    def run(
        columns: ConsentColumns = ConsentColumns.PLAIN, *, fetch: bool = True
    ) -> list[dict[str, str]]:
        chosen = settings.model_copy(update={"exports_need_second_person": False})
        with app.app_context(), db.transaction() as session:
            by = session.get_one(StaffUser, scene.asker_id)
            export = requests.ask_consents(
                session, columns=columns, reason=REASON, keys=[], by=by, settings=chosen
            )
            number = export.id
        data = make_file(number)
        if fetch:
            with app.app_context(), db.transaction() as session:
                export = session.get_one(DataExport, number)
                by = session.get_one(StaffUser, scene.asker_id)
                requests.open_download(session, export, storage.storage(), by=by)
        return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))

    return run


def test_a_list_has_one_row_of_headings_and_one_for_each_member(
    listed: List, session: Session
) -> None:
    letter, form = make_members(session, 2)
    letter.origin = MemberOrigin.LETTER
    campaign = make_campaign(session)
    person = {"email": letter.email, "email_hmac": letter.email_hmac, "family_name": EVIL}
    add_confirmed(session, campaign, 1, **person, given_name="Not", consent_network_at=None)
    add_confirmed(
        session,
        campaign,
        1,
        **person,
        seat=2,
        given_name="Ada",
        locality="Hull",
        consent_network_at=db.utcnow(),
    )
    other = {"email": form.email, "email_hmac": form.email_hmac, "consent_network_at": None}
    add_confirmed(session, campaign, 1, **other, given_name="Given to deliver a letter")
    session.commit()
    rows = listed()
    assert list(rows[0]) == list(COLUMNS[ConsentColumns.PLAIN])
    assert [row["person"] for row in rows] == [
        name_outside(letter.public_id),
        name_outside(form.public_id),
    ]
    assert rows[0]["given_name"] == "Ada"
    assert rows[0]["family_name"] == f"'{EVIL}", "no cell is a formula"
    assert rows[0]["locality"] == "Hull"
    assert rows[0]["source"] == "letter"
    assert rows[0]["consent"] == "Write to me."
    assert len(rows[0]["wording_version"]) == 12
    assert rows[1]["email"] == form.email
    assert rows[1]["given_name"] == "", "a name given for a letter is not given to a CRM"
    assert {row["status"] for row in rows} == {"subscribed"}


@pytest.mark.parametrize(
    ("zone", "moment"),
    [("America/Toronto", "2026-11-28T01:30+00:00"), ("Asia/Tokyo", "2026-11-26T20:00+00:00")],
    ids=["evening", "morning"],
)
def test_days_are_those_of_the_organization(
    app: Flask, listed: List, session: Session, settings: Settings, zone: str, moment: str
) -> None:
    app.extensions["settings"] = settings.model_copy(update={"timezone": zone})
    now = datetime.fromisoformat(moment)
    member, earlier = make_members(session, 2)
    member.state, member.joined_at, member.confirmed_at = MemberState.PENDING, now, None
    member.token_digest, member.token_expires_at = digest_of("token"), now + timedelta(days=1)
    earlier.joined_at = datetime(2026, 11, 27, tzinfo=UTC)  # as it was kept once, of UTC
    earlier.confirmed_at = earlier.joined_at + timedelta(microseconds=7)
    memberships.confirm(session, token="token", now=now)
    session.commit()
    for later in (zone, "UTC", clock.EARLIEST_ZONE, clock.LATEST_ZONE):
        app.extensions["settings"] = settings.model_copy(update={"timezone": later})
        for row in listed():
            told = {row["consented_on"], row["confirmed_on"], row["status_on"]}
            assert told == {"2026-11-27"}, later
        for person in (member, earlier):  # in the download of the person as well
            assert person.email
            own = gather_data(session, Mailbox(person.email, person.email_hmac, now), now)
            [held] = cast(list[dict[str, object]], own.data["network"])
            assert {held["joined_at"], held["confirmed_at"]} == {date(2026, 11, 27)}, later


@pytest.mark.parametrize("origin", [MemberOrigin.IMPORT, MemberOrigin.SHEET])
def test_who_came_from_a_file_or_a_sheet_is_not_said_to_have_confirmed(
    listed: List, session: Session, origin: MemberOrigin
) -> None:
    joined, imported = make_members(session, 2)
    imported.origin = origin
    session.commit()
    days = {row["source"]: (row["confirmed_on"], row["status_on"]) for row in listed()}
    assert days[origin.value][0] == ""
    assert days["form"][0] == days["form"][1] == days[origin.value][1] != ""
    for member, is_said in ((joined, True), (imported, False)):
        assert member.email
        own = gather_data(
            session, Mailbox(member.email, member.email_hmac, db.utcnow()), db.utcnow()
        )
        [held] = cast(list[dict[str, object]], own.data["network"])
        assert (held["confirmed_at"] is not None) is is_said
        assert ("added_at" in held) is not is_said


def test_who_has_gone_is_told_with_the_day_of_the_organization(session: Session) -> None:
    since = datetime(2026, 11, 28, 1, 30, tzinfo=UTC)  # of the 27th in Toronto
    for kept in (clock.keep_day(since, ZONE), clock.cut_to_day(since, "UTC")):
        session.add(ErasedMember(erased_at=kept))
    session.add(ErasedMember(erased_at=clock.keep_day(since, ZONE) - timedelta(days=1)))
    make_members(session, 1, state=MemberState.LEFT, email=None, left_at=since)
    session.commit()
    gone = sorted((row.status, row.status_on) for row in iter_rows(since, lambda: None))
    assert gone == [("erased", "2026-11-27"), ("erased", "2026-11-28"), ("left", "2026-11-27")]


def test_who_left_or_was_erased_is_told_once_a_list_was_downloaded(
    app: Flask, listed: List, session: Session
) -> None:
    stays, leaves, erased, asks_again = make_members(session, 4)
    session.commit()
    assert [row["status"] for row in listed(fetch=False)] == ["subscribed"] * 4
    with app.app_context(), db.transaction() as writing:
        for member in (leaves, asks_again):
            memberships.leave(writing, writing.get_one(NetworkMember, member.id), now=db.utcnow())
        assert erased.email
        erase_mailbox(
            writing,
            Mailbox(erased.email, erased.email_hmac, db.utcnow()),
            locale="en",
            now=db.utcnow(),
        )
    kept = session.scalars(select(ErasedMember.erased_at)).one()
    assert kept == clock.cut_to_day(kept, "UTC")
    rows_before = listed()
    assert len(rows_before) == 1, "no list was taken before"
    with app.app_context(), db.transaction() as writing:
        later = db.utcnow() + timedelta(minutes=1)
        for member in writing.scalars(
            select(NetworkMember).where(NetworkMember.state == MemberState.LEFT)
        ):
            member.left_at = later
        again = writing.get_one(NetworkMember, asks_again.id)
        again.state, again.email = MemberState.PENDING, "member-4@example.org"
    rows = {row["person"]: row for row in listed()}
    assert rows[name_outside(leaves.public_id)]["status"] == "left"
    assert rows[name_outside(asks_again.public_id)]["status"] == "left", "the link is not confirmed"
    assert rows[name_outside(erased.public_id)]["status"] == "erased"
    assert {row["email"] for row in rows.values()} == {stays.email, ""}
    assert len(listed(ConsentColumns.CIVICRM)) == 1, "of other columns none was taken before"


def test_an_address_that_mail_does_not_reach_is_told(listed: List, session: Session) -> None:
    (member,) = make_members(session, 1)
    bad_addresses.mark(session, member.email_hmac, "5.1.1")
    session.commit()
    (row,) = listed()
    assert (row["status"], row["email"]) == ("bounced", member.email)


@pytest.mark.parametrize("columns", list(ConsentColumns))
def test_each_program_gets_the_columns_that_it_reads(
    listed: List, session: Session, columns: ConsentColumns
) -> None:
    (member,) = make_members(session, 1)
    session.commit()
    (row,) = listed(columns, fetch=False)
    assert list(row) == list(COLUMNS[columns])
    assert member.email in row.values()
    assert name_outside(member.public_id) in row.values()
    assert row.get("is_opt_out", "") == "", "who opted out in the other program stays so"
    assert row.get("preferred_language", "en_US") == "en_US", "CiviCRM knows no language alone"


@pytest.mark.both_engines
def test_an_address_that_was_erased_is_forgotten_and_its_name_after_a_year(
    app: Flask, session: Session
) -> None:
    session.add(ErasedMember(public_id="old", erased_at=db.utcnow() - timedelta(days=430)))
    session.add(ErasedMember(public_id="new", erased_at=db.utcnow() - timedelta(days=300)))
    session.commit()
    with app.app_context():
        memberships.forget_unconfirmed()
    assert list(session.scalars(select(ErasedMember.public_id))) == ["new"]


def test_a_list_of_consents_waits_for_a_second_person(
    app: Flask, scene: Scene, browsers: Callable[..., FlaskClient]
) -> None:
    second_person(app)
    asker, other = browsers(scene.asker_id), browsers(scene.other_id)
    page = asker.get("/desk/exports/consents/new").get_data(as_text=True)
    assert "Action Network" in page
    refused = post(asker, "/desk/exports/consents/new", {"columns": "civicrm", "reason": "x"})
    assert refused.status_code == 422
    answer = post(asker, "/desk/exports/consents/new", {"columns": "civicrm", "reason": REASON})
    assert answer.status_code == 303
    shown = asker.get(answer.location).get_data(as_text=True)
    assert "Members and their consents" in shown
    assert "Approve" not in shown
    assert "Members and their consents" in other.get("/desk/exports/").get_data(as_text=True)
    assert "1 export needs your approval" in other.get("/desk/today").get_data(as_text=True)
    approved = post(other, f"{answer.location}/approve")
    assert approved.status_code == 303
    with app.app_context(), db.reading() as session:
        assert session.scalars(select(DataExport.state)).one() is not ExportState.ASKED
