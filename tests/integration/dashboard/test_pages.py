"""The pages of figures: what they say, to whom, and their files."""

import csv
import io
from datetime import date, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db, jobs
from campaign.models.campaign import CampaignStatus, LetterFormat, Update, UpdateEdition, UpdateKind
from campaign.models.signature import Origin
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import add_confirmed, add_held, make_campaign, make_staff_user, sign_in

TABLES = (
    "days", "places", "origins", "sources", "languages", "states", "delays", "mails", "missions",
    "targets",
)  # fmt: skip


def _counted(session: Session) -> None:
    session.commit()
    jobs.run_now("overview.count")
    jobs.run_now("overview.count-mails")


def _rows(answer: str) -> list[list[str]]:
    assert answer.startswith("\ufeff")
    return list(csv.reader(io.StringIO(answer.removeprefix("\ufeff"))))


def test_nothing_of_a_stopped_campaign_is_to_be_printed_or_delivered(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    _counted(session)
    sign_in(client, app, "admin")
    address = f"/desk/campaigns/{campaign.slug}/figures"
    print_here = f"/desk/bundles/new?campaign={campaign.slug}"
    page = client.get(address).text
    assert "To print" in page
    assert "To deliver" in page
    assert print_here in page
    stop_campaign(session, campaign, actor="t", now=db.utcnow(), reasons={"en": "It is over."})
    session.commit()
    page = client.get(address).text
    assert "Not printed" in page
    for words in ("To print", "To deliver", print_here):
        assert words not in page


@pytest.mark.both_engines
def test_figures_of_a_campaign_stand_on_its_page_and_in_its_files(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3, source="=cmd", region="QC", own_words="")
    add_confirmed(session, campaign, 1, origin=Origin.PAPER)
    add_held(session, campaign, 2)
    _counted(session)
    sign_in(client, app, "organizer")
    page = client.get(f"/desk/campaigns/{campaign.slug}/figures")
    assert page.status_code == 200
    for words in ("On paper", "Quebec", "2 letters to review"):
        assert words in page.text
    assert page.text.count("<title id=") == page.text.count("<desc id=") == 2
    assert "supporter" not in page.text
    assert "style=" not in page.text
    files = {
        name: client.get(f"/desk/campaigns/{campaign.slug}/figures/{name}.csv") for name in TABLES
    }
    assert all(answer.status_code == 200 for answer in files.values())
    assert _rows(files["sources"].text)[1] == ["'=cmd", "3", "1.0000"]
    assert ["CA", "QC", "3"] in _rows(files["places"].text)
    assert _rows(files["days"].text)[1][1:] == ["3", "1", "4", "4"]
    assert _rows(files["missions"].text)[1][1:4] == ["4", "0", "0"]
    assert client.get(f"/desk/campaigns/{campaign.slug}/figures/people.csv").status_code == 404


def test_only_campaigns_of_ones_teams_are_shown(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    other = make_campaign(session, owner_id=make_staff_user(session).id)
    add_confirmed(session, other, 1)
    _counted(session)
    sign_in(client, app, "organizer")
    gone = client.get("/desk/campaigns/no-such/figures")
    for address in (f"{other.slug}/figures", f"{other.slug}/figures/days.csv"):
        answer = client.get(f"/desk/campaigns/{address}")
        assert (answer.status_code, answer.data) == (404, gone.data)
    assert other.reference not in client.get("/desk/today").text
    assert other.reference not in client.get("/desk/today/campaigns.csv").text


@pytest.mark.both_engines
def test_today_names_what_waits(app: Flask, client: FlaskClient, session: Session) -> None:
    today = days_ago(0)
    soon = make_campaign(session, act_by=today + timedelta(days=2))
    over = make_campaign(session, act_by=today - timedelta(days=4))
    make_campaign(session, status=CampaignStatus.DRAFT)
    make_campaign(session, status=CampaignStatus.REVIEW)
    ended = make_campaign(session, status=CampaignStatus.CLOSED, closed_at=db.utcnow())
    add_confirmed(session, ended, 1)[0].letters.clear()
    add_confirmed(session, soon, 2)
    add_held(session, over, 1)
    soon.targets[0].mission.last_checked_on = date(2020, 1, 1)
    _counted(session)
    sign_in(client, app, "admin")
    page = client.get("/desk/today").text
    for words in (
        "The deadline of 1 campaign runs out within a week",
        "1 campaign is open, but its deadline has passed",
        "1 draft is complete and can be opened",
        "1 campaign needs approval",
        "1 campaign has ended. Tell people how",
        "1 campaign has letters to print",
        "1 campaign has letters to review",
        "No one has checked the details of 1 mission for a year",
    ):
        assert words in page
    assert client.get("/desk/").location == "/desk/today"
    assert _rows(client.get("/desk/today/campaigns.csv").text)[1][4] == "2"


@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_a_page_without_figures_is_whole_in_every_language(
    app: Flask, client: FlaskClient, session: Session, locale: str
) -> None:
    campaign = make_campaign(session, targets=[], act_by=None)
    session.commit()
    sign_in(client, app, "admin", locale=locale)
    assert client.get(f"/desk/campaigns/{campaign.slug}/figures").status_code == 200
    assert client.get("/desk/today?page=9").status_code == 200


@pytest.mark.parametrize("locale", ["es", "ar"])
def test_an_update_without_words_in_the_desks_language_has_those_of_the_campaigns(
    app: Flask, client: FlaskClient, session: Session, locale: str
) -> None:
    campaign, today = make_campaign(session, default_locale="fr"), days_ago(0)
    for day in (today, today - timedelta(days=900)):
        words = [
            UpdateEdition(locale="en", title="A road was named"),
            UpdateEdition(locale="fr", title="Une route a un nom"),
        ]
        kind = UpdateKind.FURTHER_INFORMATION
        campaign.updates.append(Update(kind=kind, happened_on=day, editions=words))
    add_confirmed(session, campaign, 1)
    _counted(session)
    sign_in(client, app, "admin", locale=locale)
    page = client.get(f"/desk/campaigns/{campaign.slug}/figures")
    assert page.status_code == 200
    assert page.text.count("Une route a un nom") == 2


def test_every_file_arrives_whole(app: Flask, client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    _counted(session)
    slug, official = campaign.slug, campaign.targets[0].official.slug
    session.close()
    sign_in(client, app, "organizer")
    for table in TABLES:
        answer = client.get(f"/desk/campaigns/{slug}/figures/{table}.csv")
        head, *rows = _rows(answer.text)
        assert rows, table
        assert all(len(row) == len(head) for row in rows)
        if table == "targets":
            assert [official, "2", "2", "0", "0"] in rows


@pytest.mark.parametrize(
    ("formats", "sentence"),
    [
        ([LetterFormat.LETTER], "1 campaign has letters to print"),
        ([LetterFormat.CARD], "1 campaign has cards to print"),
        ([LetterFormat.CARD, LetterFormat.LETTER], "2 campaigns have letters or cards to print"),
    ],
)
def test_today_calls_cards_cards(
    app: Flask, client: FlaskClient, session: Session, formats: list[LetterFormat], sentence: str
) -> None:
    for written_as in formats:
        add_confirmed(session, make_campaign(session, format=written_as), 1)
    session.commit()
    jobs.run_now("overview.count")
    sign_in(client, app, Role.ORGANIZER)
    assert sentence in client.get("/desk/today").text
    page = client.get("/desk/campaigns/ua-1-26/figures").text
    assert ("Cards by official" in page) == (formats[0] is LetterFormat.CARD)
    assert ("Letters by official" in page) == (formats[0] is LetterFormat.LETTER)
