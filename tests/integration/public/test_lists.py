"""First page, archive, updates, feed and site map."""

import gzip
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import brotli
import feedparser
import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy.orm import Session

from campaign.campaigns.content import risks
from campaign.campaigns.content.updates import post_update
from campaign.campaigns.create_and_edit import edit_campaign
from campaign.campaigns.status_changes import close_campaign, stop_campaign
from campaign.core import clock
from campaign.core.clock import utcnow
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    StopKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.models.revision import RiskKind
from campaign.models.statistics import CampaignTally
from campaign.screening.review_queue import set_rules
from campaign.signing.checks.screening_rules import ScreeningRules
from tests.days import days_ago
from tests.factories import make_campaign

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
HOST = "http://127.0.0.1:5000"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}


def post_on(campaign: Campaign, day: date, title: str, kind: UpdateKind = UpdateKind.REPLY) -> None:
    edition = UpdateEdition(locale="en", title=title, body="A **body**.")
    campaign.updates.append(Update(kind=kind, happened_on=day, editions=[edition]))


@pytest.fixture
def cases(session: Session) -> dict[str, Campaign]:
    """An open case in Mexico, one in Colombia, an ended one and a draft."""
    campaigns = {
        "mexico": make_campaign(session),
        "colombia": make_campaign(
            session, country="CO", themes=["women"], person_name="Łucja Peña", letter_locales=["es"]
        ),
        "ended": make_campaign(
            session, status=CampaignStatus.CLOSED, status_reasons={"en": "She is free."}
        ),
        "draft": make_campaign(session, status=CampaignStatus.DRAFT, person_name="Nobody Yet"),
    }
    post_on(campaigns["mexico"], date(2026, 3, 1), "The governor replied")
    post_on(campaigns["draft"], date(2026, 3, 2), "A post of a draft")
    session.commit()
    return campaigns


def shown(client: FlaskClient, path: str, cases: dict[str, Campaign]) -> set[str]:
    page = client.get(path)
    assert page.status_code == 200
    main = page.text[page.text.index("<main") :]
    return {name for name, campaign in cases.items() if campaign.reference in main}


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", {"mexico", "colombia"}),
        ("?country=CO", {"colombia"}),
        ("?theme=defenders", {"mexico"}),
        ("?language=fr", {"mexico"}),
        ("?q=LUCJA+pena", {"colombia"}),
        ("?q=okafor&country=MX&theme=defenders&language=en", {"mexico"}),
    ],
)
def test_the_first_page_shows_the_open_cases_that_are_asked_for(
    client: FlaskClient, cases: dict[str, Campaign], query: str, names: set[str]
) -> None:
    assert shown(client, f"/en/{query}", cases) == names


def test_where_nothing_matches_the_page_says_how_to_widen(
    client: FlaskClient, cases: dict[str, Campaign]
) -> None:
    page = client.get("/en/?q=amara&country=CO&theme=defenders").text
    assert "No cases match your search." in page
    assert 'href="/en/?theme=defenders&amp;q=amara">In all countries: 1 case' in page
    assert 'href="/en/?country=CO&amp;q=amara">On all themes: 1 case' in page
    assert "Without your search words" not in page
    assert 'href="/en/">Show all cases' in page
    assert 'value="amara"' in page
    # What was typed stays what it is: text.
    assert "<script>" not in client.get("/en/?q=<script>alert(1)</script>").text


def test_filtered_pages_fill_no_memory_and_are_found_by_no_robot(
    app: Flask, client: FlaskClient, cases: dict[str, Campaign]
) -> None:
    for number in range(5):
        page = client.get(f"/en/?q=word{number}")
        assert 'content="noindex"' in page.text
        assert "Set-Cookie" not in page.headers
    assert len(app.extensions["page_cache"]) == 0
    client.get("/en/")
    assert len(app.extensions["page_cache"]) == 1


def test_the_language_switch_keeps_what_was_asked_for(
    client: FlaskClient, cases: dict[str, Campaign]
) -> None:
    page = client.get("/en/?country=CO&q=pena").text
    assert 'href="/fr/?country=CO&amp;q=pena"' in page


@pytest.mark.both_engines
def test_many_cases_come_in_pages(client: FlaskClient, session: Session) -> None:
    for _ in range(31):
        make_campaign(session)
    session.commit()
    first, second = client.get("/en/"), client.get("/en/?page=2")
    assert first.text.count('class="days-left') == 30
    assert second.text.count('class="days-left') == 1
    assert client.get("/en/?page=3").status_code == 404


def test_the_archive_tells_how_each_ended(client: FlaskClient, cases: dict[str, Campaign]) -> None:
    assert shown(client, "/en/archive", cases) == {"ended"}
    assert "She is free." in client.get("/en/archive").text
    assert shown(client, "/en/archive?country=CO", cases) == set()
    assert "Nobody Yet" not in client.get("/en/archive").text
    assert "1 past case also matches" in client.get("/en/?q=okafor").text


def test_a_list_says_cards_where_people_wrote_cards(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session, format="card")
    words, kind = {"en": ("A reply", "They wrote back.")}, UpdateKind.REPLY
    post_update(session, campaign, actor="command", kind=kind, happened_on=days_ago(2), words=words)
    reasons = {"en": "She is free."}
    safe = StopKind.SAFE
    stop_campaign(session, campaign, actor="command", now=utcnow(), reasons=reasons, kind=safe)
    session.commit()
    assert "No more cards needed" in client.get("/en/updates").text


def test_updates_lead_to_where_they_stand_on_their_page(
    client: FlaskClient, cases: dict[str, Campaign]
) -> None:
    page = client.get("/en/updates").text
    address = f"/en/actions/{cases['mexico'].slug}#on-2026-03-01"
    assert f'href="{address}"' in page
    assert 'id="on-2026-03-01"' in client.get(address).text
    assert "A post of a draft" not in page
    assert client.get("/en/updates?page=2").status_code == 404


@pytest.mark.parametrize("lang", ["en", "fr", "es"])
def test_the_feed_is_atom_and_knows_no_draft(
    client: FlaskClient, cases: dict[str, Campaign], lang: str
) -> None:
    response = client.get(f"/{lang}/feed.xml")
    assert response.mimetype == "application/atom+xml"
    feed = feedparser.parse(response.data)
    assert (feed.bozo, feed.version, feed.feed.language) == (0, "atom10", lang)
    assert feed.feed.id == f"{HOST}/{lang}/feed.xml"
    links = {entry.link for entry in feed.entries}
    case = f"{HOST}/{lang}/actions/"
    assert links == {
        case + cases["mexico"].slug,
        case + cases["colombia"].slug,
        case + cases["ended"].slug,
        f"{case}{cases['mexico'].slug}#on-2026-03-01",
    }
    assert len({entry.id for entry in feed.entries}) == 4
    assert all(entry.updated_parsed and entry.title for entry in feed.entries)
    told = next(entry for entry in feed.entries if "#" in entry.link)
    assert "<strong>body</strong>" in told.content[0].value


def flag_witness(session: Session, campaign: Campaign, name: str) -> None:
    words = [(RiskKind.WITNESS, name)]
    risks.set_flags(session, campaign, actor="command", words=words, embargo_until=None)


def read_feeds(client: FlaskClient, path: str) -> dict[str, Any]:
    """Return the entries of the Atom feed by their ids; the JSON feed must say the same."""
    atom, told = (
        feedparser.parse(client.get(f"{path}/feed.xml").data),
        client.get(f"{path}/feed.json").json,
    )
    assert told is not None
    entries = {entry.id: entry for entry in atom.entries}
    assert len(entries) == len(told["items"]) == len(atom.entries)
    for item in told["items"]:
        entry = entries[item["id"]]
        assert (item["title"], item["tags"]) == (entry.title, [entry.tags[0].term])
        assert (item["date_published"], item["date_modified"]) == (entry.published, entry.updated)
        entry["html"] = item["content_html"]
    assert atom.feed.updated == max(entry.updated for entry in atom.entries)
    return entries


@pytest.mark.parametrize("waits", [False, True])
@pytest.mark.parametrize(
    ("lang", "kind", "heading", "sentence", "mark"),
    [
        (
            "en",
            StopKind.HARM,
            "This action has been stopped: ",
            "Please do not write: another letter could do harm.",
            "before the action was stopped",
        ),
        (
            "es",
            StopKind.HARM,
            "Esta acción se canceló: ",
            "Ya no escriba: otra carta podría hacer daño.",
            "antes de cancelar la acción",
        ),
        (
            "en",
            StopKind.SAFE,
            "No more letters needed: ",
            "There is good news.",
            "before the action was stopped",
        ),
    ],
)
def test_feeds_say_of_a_stopped_action_what_its_page_says(
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    case: str,
    lang: str,
    kind: StopKind,
    heading: str,
    sentence: str,
    mark: str,
    waits: bool,
) -> None:
    day, further = days_ago(2), UpdateKind.FURTHER_INFORMATION
    words = {"en": ("We go on", "Until June.")}
    post_update(session, campaign, actor="command", kind=further, happened_on=day, words=words)
    flag_witness(session, campaign, "Ximena")
    session.commit()
    case = case.replace("/en/", f"/{lang}/")
    own, update = HOST + case, f"{HOST}{case}#on-{day.isoformat()}"
    summary = campaign.editions[0].summary
    before = read_feeds(client, case)
    assert before.keys() == {own, update}
    reasons = {"en": "Her sister is watched."}
    stop_campaign(
        session,
        campaign,
        actor="command",
        now=utcnow(),
        reasons=reasons,
        kind=kind,
        reasons_wait=waits,
    )
    session.commit()
    page = client.get(case).text
    for feed in (case, f"/{lang}"):
        after = read_feeds(client, feed)
        assert after.keys() == before.keys()
        entry = after[own]
        assert entry.title.startswith(heading)
        assert entry.tags[0].term == heading.removesuffix(": ")
        assert sentence in entry.html
        assert sentence in page
        assert summary not in entry.html
        assert ("Her sister is watched." in entry.html) is not waits
        assert ("Her sister is watched." in page) is not waits
        assert "Ximena" not in str(after)
        assert mark in after[update].html
        assert after[update].title.endswith(f"({mark})") is (lang == "en")
        assert mark not in before[update].html
        for name in (own, update):
            assert after[name].updated >= f"{campaign.stopped_at:%Y-%m-%dT%H:%M:%S}"
            assert after[name].published == before[name].published


def test_a_title_in_a_feed_is_in_the_language_of_its_text(
    client: FlaskClient, session: Session
) -> None:
    named = make_campaign(session, person_name="the 43 students", locales=("en", "fr"))
    named.editions[0].title = "Where are the 43 students"
    french = next(edition for edition in named.editions if edition.locale == "fr")
    french.person_name, french.title = "les 43 étudiants", "Où sont-ils"
    kind, words = UpdateKind.REPLY, {"en": ("The governor replied", "He did.")}
    post_update(session, named, actor="command", kind=kind, happened_on=days_ago(2), words=words)
    reasons = {"en": "Do not write."}
    stop_campaign(session, named, actor="organizer", now=utcnow(), reasons=reasons)
    session.commit()
    wrote = "The 43 students: The governor replied (before the action was stopped)"
    case, stopped = "Where are the 43 students", "This action has been stopped"
    for lang, title, own in [
        ("en", f"{stopped}: {case}", ""),
        ("fr", "Nous avons mis fin à cette action\N{NO-BREAK SPACE}: Où sont-ils", ""),
        ("es", f"{stopped}: {case}", "en"),
    ]:
        path = f"/{lang}/actions/{named.slug}"
        assert {entry.title for entry in read_feeds(client, path).values()} == {title, wrote}, lang
        tree = etree.fromstring(client.get(f"{path}/feed.xml").data)
        whole = tree.find("{*}title")
        assert whole is not None
        assert whole.get(XML_LANG, "") == own
        marked = {
            entry.findtext("{*}title"): entry.get(XML_LANG, lang) for entry in tree.iter("{*}entry")
        }
        assert marked == {title: own or lang, wrote: "en"}
        assert {tag.get(XML_LANG) for tag in tree.iter("{*}category")} == {lang}
        told = client.get(f"{path}/feed.json").json
        assert told is not None
        assert told["language"] == (own or lang)
        assert {item["title"]: item["language"] for item in told["items"]} == marked


def test_feeds_say_that_an_action_is_closed_or_past_its_deadline(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    campaign.act_by = days_ago(3)
    session.commit()
    over = datetime.combine(days_ago(3) + timedelta(days=1), time(12), UTC)
    for feed in (case, "/en"):
        entry = read_feeds(client, feed)[HOST + case]
        assert entry.title.startswith("The deadline has passed: ")
        assert "We are no longer collecting letters." in entry.html
        assert entry.updated >= over.isoformat()
    campaign.opened_at = campaign.changed_at = over - timedelta(days=30)
    session.commit()
    assert read_feeds(client, case)[HOST + case].updated == over.isoformat()
    close_campaign(session, campaign, actor="command", now=utcnow(), reasons={"en": "She is free."})
    session.commit()
    for feed in (case, "/en"):
        entry = read_feeds(client, feed)[HOST + case]
        assert entry.title.startswith("This action is closed: ")
        assert "She is free." in entry.html
        assert entry.updated > over.isoformat()


@pytest.mark.both_engines
def test_no_change_of_others_takes_a_call_to_write_or_a_stop_out_of_the_feed(
    client: FlaskClient, session: Session
) -> None:
    earlier = utcnow() - timedelta(days=3)
    calling, stopped, closed = (make_campaign(session) for _ in range(3))
    for campaign in (calling, stopped, closed):
        campaign.opened_at = campaign.changed_at = earlier
    stop_campaign(session, stopped, actor="organizer", now=earlier, reasons={"en": "Do not write."})
    close_campaign(session, closed, actor="organizer", now=earlier)
    stopped.changed_at = closed.changed_at = earlier
    busy = make_campaign(session)
    for number in range(60):
        post_on(busy, days_ago(1), f"News {number}")
    session.commit()
    lasting = {f"{HOST}/en/actions/{case.slug}" for case in (calling, stopped, busy)}
    entries = read_feeds(client, "/en")
    assert len(entries) == 50
    assert {link for link in entries if "#" not in link} == lasting


def test_a_corrected_text_moves_the_feed_and_what_is_not_public_does_not(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    long_ago = utcnow() - timedelta(days=30)
    campaign.opened_at = campaign.changed_at = long_ago
    session.commit()
    before = read_feeds(client, case)[HOST + case]
    assert before.updated == before.published
    flag_witness(session, campaign, "Ximena")
    set_rules(session, campaign, rules=ScreeningRules(watched=("ximena",)), actor="command")
    session.commit()
    assert read_feeds(client, case)[HOST + case].updated == before.updated
    edit_campaign(session, campaign, actor="command", person_name="Amara N. Okafor")
    session.commit()
    after = read_feeds(client, case)[HOST + case]
    assert after.updated > before.updated
    assert after.published == before.published
    assert client.get("/en/feed.json").json["items"][0]["date_modified"] == after.updated


@pytest.mark.parametrize("slug", ["", "/actions/{slug}"])
def test_titles_in_feeds_begin_with_a_capital(
    client: FlaskClient, session: Session, slug: str
) -> None:
    named = make_campaign(session, person_name="the 43 students of Ayotzinapa")
    post_on(named, date(2026, 3, 1), "The governor replied")
    session.commit()
    feed = feedparser.parse(client.get(f"/en{slug.format(slug=named.slug)}/feed.xml").data)
    titles = [feed.feed.title, *(entry.title for entry in feed.entries)]
    assert len(titles) == 3
    assert all(title[0].isupper() for title in titles), titles
    told = client.get(f"/en{slug.format(slug=named.slug)}/feed.json").json
    assert told is not None
    assert {told["title"], *(item["title"] for item in told["items"])} == set(titles)


def test_every_page_says_where_its_feed_is(client: FlaskClient, case: str) -> None:
    for path in ("/fr/", case.replace("/en/", "/fr/"), "/fr/archive"):
        tree = etree.HTML(client.get(path).data)
        (link,) = tree.findall(".//link[@type='application/atom+xml']")
        assert link.get("href") == "/fr/feed.xml"
        assert client.get(link.get("href")).status_code == 200


def test_the_site_map_names_each_page_in_each_language_once(
    client: FlaskClient, cases: dict[str, Campaign]
) -> None:
    response = client.get("/sitemap.xml")
    assert response.mimetype == "application/xml"
    tree = etree.fromstring(response.data)
    schema = etree.XMLSchema(file=str(Path(__file__).with_name("sitemap.xsd")))
    schema.assertValid(tree)
    places = tree.xpath("s:url/s:loc/text()", namespaces=SITEMAP)
    assert len(places) == len(set(places))
    for url in tree.findall("s:url", SITEMAP):
        there = {
            alternate.get("hreflang"): alternate.get("href")
            for alternate in url.findall("x:link", SITEMAP)
        }
        assert there.pop("x-default") == there["en"]
        assert url.findtext("s:loc", namespaces=SITEMAP) in there.values()
        assert set(there.values()) <= set(places)
    assert not any(cases["draft"].slug in place for place in places)
    for place in places:
        assert client.get(place.removeprefix(HOST)).status_code == 200


def test_robots_are_kept_from_the_desk_and_shown_the_map(client: FlaskClient) -> None:
    lines = client.get("/robots.txt").text.splitlines()
    assert {"Disallow: /desk/", "Disallow: /en/letter/", f"Sitemap: {HOST}/sitemap.xml"} <= set(
        lines
    )


def test_what_is_the_same_for_all_travels_compressed_where_that_is_understood(
    client: FlaskClient, case: str
) -> None:
    """A page from memory, one that is not kept, a file, a style sheet that is made."""
    for address in (case, "/en/?country=MX", "/static/css/public.css", "/brand.css"):
        plain = client.get(address, buffered=True)
        assert "Content-Encoding" not in plain.headers
        for coding, opened in (("br", brotli.decompress), ("gzip", gzip.decompress)):
            tight = client.get(address, headers={"Accept-Encoding": coding})
            assert tight.headers["Content-Encoding"] == coding
            assert tight.mimetype == plain.mimetype
            assert len(tight.data) < len(plain.data)
            assert opened(tight.data) == plain.data
            for answer in (plain, tight):
                assert "Accept-Encoding" in answer.headers["Vary"]


def test_a_page_that_the_reader_has_in_its_coding_is_not_sent_again(
    client: FlaskClient, case: str
) -> None:
    for address in (case, "/static/css/public.css"):
        tags = set()
        for coding in ("br", "gzip", "identity"):
            wanted = {"Accept-Encoding": coding}
            tag = client.get(address, headers=wanted, buffered=True).headers["ETag"]
            known = wanted | {"If-None-Match": tag}
            again = client.get(address, headers=known, buffered=True)
            assert (again.status_code, again.data) == (304, b"")
            tags.add(tag)
        assert len(tags) == 3


def test_no_way_leads_out_of_the_static_files(client: FlaskClient) -> None:
    for path in ("/static/css/../../pyproject.toml", "/static/css/none.css", "/static//etc/x.css"):
        answer = client.get(path, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code in {308, 404}


def test_a_bar_stands_by_the_figure_only_when_many_have_written(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    session.add(CampaignTally(campaign_id=campaign.id, confirmed=3))
    session.commit()
    few = client.get(case).text
    assert "3 people have written" in few
    assert "<progress" not in few
    session.get_one(CampaignTally, campaign.id).confirmed = 37
    session.commit()
    many = client.get(case).text
    assert "37 people have written" in many
    assert '<progress value="37" max="50" aria-label="37 of 50">' in many
    assert "13 more to reach 50" in many


def test_the_deadline_is_said_in_words_and_after_it_the_page_says_to_ask_first(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    from campaign.campaigns.record_change import record_change  # noqa: PLC0415

    page = client.get(case).text
    assert "days left" in page
    when = f"{campaign.act_by:%A} {campaign.act_by.day} {campaign.act_by:%B}"
    assert f"They count if they reach us by {when}" in page  # as the sheet itself says
    assert "Send them at least a week before." in page
    campaign.act_by = days_ago(-1)
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    near = client.get(case).text
    assert "The post may be too slow now." in near
    assert "a week before" not in near
    campaign.act_by = days_ago(3)
    record_change(session, campaign, "command", "campaign.edit")
    session.commit()
    late = client.get(case).text
    assert "ask us whether it still helps" in late
    assert "days left" not in late


def test_where_the_last_day_is_over_here_and_not_everywhere_the_pages_say_both(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, fresh_pages: None
) -> None:
    # 26 hours apart: the day of the one is always over in the other.
    campaign.act_by, campaign.timezone = clock.today(clock.LATEST_ZONE), clock.EARLIEST_ZONE
    session.commit()
    words = f"The deadline was {campaign.act_by:%A}. You can still write for a few hours."
    for page in (client.get(case).text, client.get("/en/").text):
        assert page.count(words) == 1
        assert "Write by" not in page.partition("<footer")[0].replace(words, "")
        assert "Today is the last day" not in page
    page = client.get(case).text
    assert "Write a letter" in page
    assert quote("The action stays open for a few more hours.") in page, "in what is sent to others"
    assert quote("Write by") not in page
    assert "sheet.pdf" not in page, "no sheet arrives any more"
    assert "#papers" not in client.post(f"{case}/you", data={}).text


def test_without_an_open_case_the_first_page_asks_nobody_to_write(
    client: FlaskClient, session: Session, campaign: Campaign, fresh_pages: None
) -> None:
    campaign.status = CampaignStatus.CLOSED
    session.commit()
    page = client.get("/en/").text
    assert "No cases are open today" in page
    assert "Write now" not in page
    assert "Write a letter" not in page


@pytest.mark.parametrize(("slug", "is_said"), [("ua-58-20", True), ("one-of-today", False)])
def test_the_first_page_of_the_demo_says_that_its_cases_are_of_years_ago(
    client: FlaskClient, session: Session, fresh_pages: None, slug: str, is_said: bool
) -> None:
    make_campaign(session).slug = slug
    session.commit()
    page = client.get("/en/").text
    assert slug in page
    words = "This demo shows real cases of 2018 to 2020 as if they were open today."
    assert (words in page) is is_said


def test_an_update_in_another_language_than_the_case_says_so(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, fresh_pages: None
) -> None:
    words, day = {"en": ("We go on", "Until June.")}, days_ago(2)
    further = UpdateKind.FURTHER_INFORMATION
    post_update(session, campaign, actor="command", kind=further, happened_on=day, words=words)
    session.commit()
    note = "Este texto aún no está disponible en su idioma"
    assert note in client.get(case.replace("/en/", "/es/")).text
    assert "This text is not available in your language" not in client.get(case).text


def test_an_update_of_a_stopped_case_says_that_it_is_in_another_language(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, fresh_pages: None
) -> None:
    """The case's own text, in the same language, is folded."""
    campaign.editions[:] = [text for text in campaign.editions if text.locale == "en"]
    words, day = {"en": ("We go on", "Until June.")}, days_ago(2)
    further = UpdateKind.FURTHER_INFORMATION
    post_update(session, campaign, actor="command", kind=further, happened_on=day, words=words)
    session.commit()
    spanish, note = case.replace("/en/", "/es/"), "Este texto aún no está disponible en su idioma"
    assert client.get(spanish).text.count(note) == 1
    reasons = {"es": "Lo pidió ella."}
    stop_campaign(session, campaign, actor="command", now=utcnow(), reasons=reasons)
    session.commit()
    posts = client.get(spanish).text.partition('id="since"')[2]
    assert posts.count(note) == 1


def test_the_address_of_all_actions_leads_to_the_first_page(client: FlaskClient) -> None:
    for address in ("/fr/actions", "/fr/actions/"):
        response = client.get(address)
        assert (response.status_code, response.location) == (301, "/fr/")


def test_what_was_written_before_a_stop_is_folded_and_its_updates_are_marked(
    client: FlaskClient, session: Session, campaign: Campaign, case: str, fresh_pages: None
) -> None:
    words = {"en": ("We go on collecting", "Until June.")}
    day = days_ago(2)
    further = UpdateKind.FURTHER_INFORMATION
    post_update(session, campaign, actor="command", kind=further, happened_on=day, words=words)
    session.commit()
    fold = "What we wrote before the action was stopped"
    assert fold not in client.get(case).text
    assert "This action has been stopped" not in client.get("/en/updates").text
    campaign.editions[0].outcome = "In most cases someone answers."
    session.flush()
    reasons = {"en": "Her sister is watched."}
    stop_campaign(session, campaign, actor="command", now=utcnow(), reasons=reasons)
    session.commit()
    page = client.get(case).text
    assert "How cases like this end" in page, "a reason to stop is no outcome"
    assert "How it ended" not in page
    folded = page.partition(fold)[2].partition("What has happened since")[0]
    for text in (campaign.editions[0].summary, campaign.editions[0].asks[0], "Who can act"):
        assert text in folded
        assert text not in page.partition(fold)[0].partition("<body")[2]
    assert "Her sister is watched." in page.partition(fold)[0]
    assert "before the action was stopped</strong>" in page.partition("What has happened since")[2]
    for address in ("/en/updates", "/en/"):
        news = client.get(address).text.partition("We go on collecting")[2].partition("</li>")[0]
        assert "This action has been stopped" in news


@pytest.mark.both_engines
def test_a_reason_in_another_script_is_quoted_in_its_own_direction(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    reasons = {"en": "Her sister is watched."}
    stop_campaign(session, campaign, actor="command", now=utcnow(), reasons=reasons)
    session.commit()
    ended = client.get(f"{case.replace('/en/', '/ar/')}/poster.pdf").text
    assert '<blockquote lang="en" dir="ltr"><p>Her sister is watched.</p></blockquote>' in ended


def test_the_archive_says_of_one_without_an_outcome_what_its_page_and_the_api_say(
    client: FlaskClient, session: Session
) -> None:
    early, late = make_campaign(session, act_by=days_ago(-9)), make_campaign(session)
    close_campaign(session, early, actor="command", now=utcnow())
    late.act_by = days_ago(3)
    session.commit()
    page = client.get("/en/archive").text
    for row, heading in ((early, "This action is closed"), (late, "The deadline has passed")):
        listed = page.partition(f'href="/en/actions/{row.slug}"')[2].partition("</li>")[0]
        assert f'<p class="ending">{heading}. We do not know the outcome yet.</p>' in listed
        assert heading in client.get(f"/en/actions/{row.slug}").text
        french = client.get(f"/fr/actions/{row.slug}").text
        unknown = "Nous ne connaissons pas encore l’issue de la situation."
        assert (unknown in french) == (row is early)
        told = client.get(f"/api/actions/{row.slug}").json
        assert told is not None
        assert told["notice"] == f"{heading}. We are no longer collecting letters."


@pytest.mark.parametrize(
    ("kind", "words"),
    [(StopKind.HARM, "This action has been stopped"), (StopKind.SAFE, "No more letters needed")],
)
def test_the_archive_says_that_an_action_was_stopped_beside_its_reason(
    client: FlaskClient, session: Session, kind: StopKind, words: str
) -> None:
    campaign, reasons = make_campaign(session), {"en": "Her family asks for silence."}
    stop_campaign(session, campaign, actor="command", now=utcnow(), reasons=reasons, kind=kind)
    session.commit()
    page = client.get("/en/archive").text
    assert words in page
    assert "Her family asks for silence." in page
    assert "Here it is in" not in page
    assert "Le voici en anglais." in client.get("/fr/archive").text


@pytest.mark.parametrize("end", [close_campaign, stop_campaign])
def test_the_archive_tells_the_outcome_that_was_posted_beside_the_reason_of_the_end(
    client: FlaskClient, session: Session, end: Any
) -> None:
    campaign, reasons = make_campaign(session), {"en": "Her family asks for silence."}
    end(session, campaign, actor="command", now=utcnow(), reasons=reasons)
    session.commit()
    assert "Outcome:" not in client.get("/en/archive").text
    words = {"en": ("She is at home", "Since Monday.")}
    outcome, day = UpdateKind.OUTCOME, days_ago(0)
    post_update(session, campaign, actor="command", kind=outcome, happened_on=day, words=words)
    session.commit()
    page = client.get("/en/archive").text
    link = f'<a href="/en/actions/{campaign.slug}#on-{day.isoformat()}">She is at home</a>'
    assert f"<p>Outcome: {link}</p>" in page
    assert "Her family asks for silence." in page
    place = f'id="on-{day.isoformat()}"'
    assert place in client.get(f"/en/actions/{campaign.slug}").text
