"""The pages that everybody reads: in each language, from memory, true again after a change."""

import re
from collections.abc import Callable

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from campaign.campaigns.record_change import record_change
from campaign.campaigns.status_changes import close_campaign
from campaign.core import db, jobs
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.staff import Role
from campaign.models.statistics import CampaignTally
from campaign.public.case_lists import case_row
from campaign.public.case_page import case_page
from campaign.public.page_cache import PageCache
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in

_TEXTS = ("text/", "application/json", "application/xml", "application/atom", "image/svg")


@pytest.mark.parametrize(
    ("wanted", "lang"), [("fr-CA,fr;q=0.9", "fr"), ("es", "es"), ("de", "en"), ("", "en")]
)
def test_the_root_leads_to_the_readers_language(
    client: FlaskClient, wanted: str, lang: str
) -> None:
    response = client.get("/", headers={"Accept-Language": wanted})
    assert (response.status_code, response.location) == (302, f"/{lang}/")
    assert "Accept-Language" in response.headers["Vary"]


def test_an_unknown_language_leads_to_one_that_there_is(client: FlaskClient, case: str) -> None:
    response = client.get(case.replace("/en/", "/de/"), headers={"Accept-Language": "es"})
    assert (response.status_code, response.location) == (302, case.replace("/en/", "/es/"))
    assert client.get("/somewhere/").status_code == 404
    assert client.post(case.replace("/en/", "/de/") + "/sign").status_code == 404


@pytest.mark.parametrize("lang", ["en", "fr", "es", "ar"])
def test_the_first_page_shows_open_cases_and_leads_to_ended_ones(
    client: FlaskClient, session: Session, lang: str
) -> None:
    closed = make_campaign(session, status=CampaignStatus.CLOSED)
    current = make_campaign(session)
    draft = make_campaign(session, status=CampaignStatus.DRAFT)
    session.commit()
    page = client.get(f"/{lang}/").text
    assert current.reference in page
    assert closed.reference not in page
    assert f'href="/{lang}/archive"' in page
    assert closed.reference in client.get(f"/{lang}/archive").text
    assert draft.reference not in page
    assert f'<html lang="{lang}"' in page


def test_without_a_case_the_first_page_says_so(client: FlaskClient) -> None:
    assert "No cases are open today." in client.get("/en/").text


@pytest.mark.parametrize(
    ("lang", "title"),
    [("en", "threatened for naming"), ("fr", "menacée pour avoir"), ("es", "amenazada por hablar")],
)
def test_a_case_is_told_in_each_language(
    client: FlaskClient, campaign: Campaign, lang: str, title: str
) -> None:
    page = client.get(f"/{lang}/actions/{campaign.slug}").text
    assert title in page
    assert "Ines Quintero Vidal" in page


def test_the_order_of_a_case_is_that_of_a_phone(client: FlaskClient, case: str) -> None:
    page = client.get(case).text
    marks = [
        "UA 1/26",
        "<h1",
        "Write by",
        "No one has written yet",
        "Write a letter",
        "Amara Okafor keeps a record",
        "What we ask",
        "Who can act",
        ">Share<",
    ]
    places = [page.index(mark, page.index("<main")) for mark in marks]
    assert places == sorted(places)


def test_a_missing_edition_is_shown_in_the_default_language_and_marked(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, locales=["es"])
    session.commit()
    page = client.get(f"/fr/actions/{campaign.slug}").text
    assert '<h1 lang="es" dir="ltr">Amara Okafor: amenazada' in page
    assert '<html lang="fr"' in page


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "No one has written yet"),
        (1, "1 person has written"),
        (3, "3 people have written"),
        (35000, "35,000 people have written"),
    ],
)
def test_the_count_is_said_in_words(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, count: int, words: str
) -> None:
    session.add(CampaignTally(campaign_id=campaign.id, confirmed=count))
    session.commit()
    assert words in client.get(case).text


@pytest.mark.parametrize(("step", "shown"), [(1, "57"), (10, "50"), (100, "0")])
def test_public_numbers_move_in_steps(
    app: Flask, session: Session, campaign: Campaign, step: int, shown: str
) -> None:
    """Who watches them must not learn when somebody signed; the desk counts exactly."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"public_count_step": step})
    now = db.utcnow()
    with app.test_request_context():
        page = case_page(campaign, "en", count=57, now=now, sent_by_self=57, on_paper=57)
        row = case_row(campaign, "en", count=57, now=now)
    app.extensions["settings"] = settings
    numbers = {page.count, page.sent_by_self, page.on_paper, row.count}
    assert numbers == {int(shown)}


def test_no_public_page_tells_more_of_a_number_than_its_step(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    session.add(CampaignTally(campaign_id=campaign.id, confirmed=5717, sent_by_self=5716))
    session.commit()
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"public_count_step": 1000})
    readings = {}
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments <= {"lang", "slug"}:
            given = {"lang": "en", "slug": campaign.slug}
            with app.test_request_context():
                url = url_for(rule.endpoint, **{name: given[name] for name in rule.arguments})
            page = client.get(url)
            if page.status_code == 200 and (page.mimetype.startswith(_TEXTS)):
                readings[url] = re.sub(r"(?<=\d)[,\s.](?=\d{3})", "", page.text)
    app.extensions["settings"] = settings
    assert [url for url, text in readings.items() if re.search("571[67]", text)] == []
    telling = [url for url, text in readings.items() if "5000" in text]
    assert {case, "/en/"} <= set(telling)


@pytest.mark.parametrize("count", [0, 9])
def test_fewer_than_the_first_step_are_not_said_to_be_none(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str, count: int
) -> None:
    session.add(CampaignTally(campaign_id=campaign.id, confirmed=count))
    session.commit()
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"public_count_step": 10})
    pages = [client.get(address).text for address in (case, "/en/")]
    app.extensions["settings"] = settings
    for page in pages:
        assert "Fewer than 10 people have written" in page
        assert "No one has written yet" not in page


def test_there_is_a_page_of_the_outcome_where_there_is_one_to_tell(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    assert client.get(f"{case}/outcome").status_code == 404
    campaign.editions[0].outcome = "She is **safe**."
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    assert "<strong>safe</strong>" in client.get(f"{case}/outcome").text
    assert f'href="{case}/outcome"' in client.get(case).text
    # Where it was told in another language only, that one is shown, and named.
    french = client.get(f"{case.replace('/en/', '/fr/')}/outcome").text
    assert '<div lang="en" dir="ltr"><p>She is <strong>safe</strong>.' in french
    assert "anglais" in french


def test_markup_of_organizers_is_inert(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    edition = campaign.editions[0]
    edition.title = edition.summary = edition.background = "<script>alert(1)</script>"
    edition.asks = ["{{7*7}}"]
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    page = client.get(case).text
    assert "<script>alert" not in page
    assert "{{7*7}}" in page


def test_a_page_is_public_and_has_an_etag(client: FlaskClient, case: str) -> None:
    response = client.get(case)
    assert response.headers["Cache-Control"] == "public, max-age=60, must-revalidate"
    again = client.get(case, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    assert "Set-Cookie" not in response.headers


@pytest.fixture
def asked(app: Flask) -> list[str]:
    """Statements that the database was sent."""
    statements: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(app.extensions["database"].engine, "before_cursor_execute", note)
    return statements


def test_a_page_comes_from_memory_without_asking_the_database(
    app: Flask, client: FlaskClient, case: str, asked: list[str]
) -> None:
    now = [100.0]
    app.extensions["page_cache"] = PageCache(1.0, lambda: now[0])
    client.get(case)
    asked.clear()
    for _ in range(5):
        assert client.get(case).status_code == 200
    assert asked == []
    now[0] += 1.5
    client.get(case)
    client.get(case)
    assert len(asked) == 1


def test_a_change_shows_after_a_second(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    now = [100.0]
    app.extensions["page_cache"] = PageCache(1.0, lambda: now[0])
    before = client.get(case)
    close_campaign(
        session, campaign, actor="command", now=db.utcnow(), reasons={"en": "She is safe."}
    )
    session.commit()
    assert client.get(case).data == before.data
    now[0] += 1.5
    after = client.get(case, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert "She is safe." in after.text


def test_what_the_desk_changes_shows_at_once(
    app: Flask, client: FlaskClient, campaign: Campaign, case: str
) -> None:
    app.extensions["page_cache"] = PageCache(1.0, lambda: 100.0)
    sign_in(client, app, Role.ADMIN)
    before = client.get(case).data
    extended = post(client, f"/desk/campaigns/{campaign.slug}/extend", {"act_by": "2099-02-01"})
    assert extended.status_code == 303
    assert client.get(case).data != before


def test_what_a_stranger_sends_in_vain_has_no_page_asked_about_again(
    app: Flask, client: FlaskClient, case: str, asked: list[str]
) -> None:
    app.extensions["page_cache"] = PageCache(1.0, lambda: 100.0)
    client.get(case)
    for address, status in (("/en/nowhere", 404), ("/desk/campaigns/new", 400)):
        assert client.post(address).status_code == status
    asked.clear()
    client.get(case)
    assert asked == []


def test_who_has_confirmed_is_in_the_number_after_the_next_count(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    now = [100.0]
    app.extensions["page_cache"] = PageCache(1.0, lambda: now[0])
    before = client.get(case)
    add_confirmed(session, campaign, 3)
    session.commit()
    now[0] += 1.5
    assert client.get(case).data == before.data
    jobs.run_now("campaigns.count")
    now[0] += 1.5
    assert "3 people have written" in client.get(case).text


def test_a_page_is_made_anew_after_a_minute_whatever_changed(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    now = [100.0]
    app.extensions["page_cache"] = PageCache(1.0, lambda: now[0])
    client.get(case)
    campaign.targets[0].official.name = "Somebody Else"
    session.commit()
    now[0] += 61
    assert "Somebody Else" in client.get(case).text


def test_memory_is_bounded_and_keeps_no_missing_pages(
    app: Flask, client: FlaskClient, campaign: Campaign
) -> None:
    for number in range(20):
        assert client.get(f"/en/actions/x-{number}").status_code == 404
    assert len(app.extensions["page_cache"]) == 0


def test_the_deadline_is_over_when_it_is_over_everywhere(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    campaign.act_by = days_ago(2)
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    page = client.get(case).text
    assert "The deadline has passed" in page
    assert "Write a letter" not in page


@pytest.mark.parametrize("verb", ["post", "put", "delete"])
@pytest.mark.parametrize("path", ["/", "/en/"])
def test_reading_pages_take_nothing(
    client: FlaskClient, verb: str, path: str, campaign: Campaign
) -> None:
    send: Callable[..., object] = getattr(client, verb)
    assert send(path).status_code == 405  # type: ignore[attr-defined]
