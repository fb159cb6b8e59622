"""What any program may read of actions: what their pages show, in JSON, and nothing else."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import stop_campaign
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.web.markup import BAR
from tests.factories import make_campaign

pytestmark = pytest.mark.usefixtures("fresh_pages")


def read(client: FlaskClient, address: str, status: int = 200) -> Any:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    return json.loads(answer.get_data())


def test_open_actions_are_listed_and_each_leads_to_all_of_it(
    client: FlaskClient, campaign: Campaign
) -> None:
    listed = read(client, "/api/actions")
    assert (listed["total"], listed["page"], listed["pages"]) == (1, 1, 1)
    assert listed["next"] is None
    (action,) = listed["actions"]
    assert action["slug"] == campaign.slug
    assert action["url"].endswith(f"/en/actions/{campaign.slug}")
    assert action["write_url"].endswith("/write")
    path = action["api_url"].partition("://")[2].partition("/")[2]
    whole = read(client, f"/{path}")
    assert {name: whole[name] for name in action} == action
    assert whole["asks"]
    assert whole["recipients"][0]["name"]
    assert whole["updates"] == []


def test_a_stopped_action_says_that_nobody_should_write(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    assert read(client, f"/api/actions/{campaign.slug}")["notice"] == ""
    reasons = {"en": "Her sister is watched."}
    stop_campaign(
        session, campaign, actor="command", now=utcnow(), reasons=reasons, reasons_wait=True
    )
    session.commit()
    for lang, says in (
        ("en", "This action has been stopped. Please do not write: another letter could do harm."),
        ("es", "Esta acción se canceló. Ya no escriba: otra carta podría hacer daño."),
    ):
        (listed,) = read(client, f"/api/actions?status=ended&lang={lang}")["actions"]
        for action in (listed, read(client, f"/api/actions/{campaign.slug}?lang={lang}")):
            assert action["notice"] == says
            assert (action["status"], action["write_url"]) == ("stopped", None)
            assert action["ending"] == "", "the reason waits for a second person"
            assert "sister" not in str(action)


def test_a_bar_is_named_in_the_language_that_is_asked_for(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    for edition in campaign.editions:
        edition.background = f"They wrote {BAR} to her."
    session.commit()
    for lang, says in (("fr", "un passage non publié"), ("en", "a passage that is not published")):
        answer = client.get(
            f"/api/actions/{campaign.slug}?lang={lang}", headers={"Accept-Language": "es"}
        )
        assert f'aria-label="{says}"' in json.loads(answer.get_data())["background"]["html"]


def test_a_draft_is_in_no_answer(client: FlaskClient, session: Session) -> None:
    draft = make_campaign(session, slug="hidden", status=CampaignStatus.DRAFT)
    session.commit()
    assert read(client, "/api/actions")["actions"] == []
    assert read(client, f"/api/actions/{draft.slug}", 404)["status"] == 404
    read(client, f"/api/oembed?url=http://127.0.0.1:5000/en/actions/{draft.slug}", 404)
    assert client.get(f"/en/actions/{draft.slug}/feed.json").status_code == 404


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("lang=xx", "lang must be one of en"),
        ("status=all", "status must be one of open, ended."),
        ("page=0", "page must be a number from 1."),
        ("page=one", "page must be a number from 1."),
        ("page=999999", "page must be a number from 1."),
        ("page=1&page=2", "page must be given once."),
        ("filter=x", "The query must be made of lang, page, status."),
    ],
)
def test_a_query_that_is_not_understood_is_named(
    client: FlaskClient, query: str, says: str
) -> None:
    problem = read(client, f"/api/actions?{query}", 400)
    assert problem["detail"].startswith(says)


def test_a_page_past_the_end_is_not_there(client: FlaskClient, campaign: Campaign) -> None:
    read(client, "/api/actions?page=2", 404)


def test_another_site_shows_the_frame_only_where_it_may_be_framed(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    address = f"/api/oembed?url=http://127.0.0.1:5000{case}"
    assert read(client, address)["type"] == "link"
    campaign.embed_hosts = ["partner.example"]
    session.commit()
    shown = read(client, f"{address}&maxwidth=320&maxheight=9000")
    assert (shown["type"], shown["width"], shown["height"]) == ("rich", 320, 480)
    assert f'src="http://127.0.0.1:5000{case}/embed"' in shown["html"]
    # What WordPress leaves of a frame whose site it does not know (wp_filter_oembed_result).
    kept = {"src", "width", "height", "frameborder", "title"}
    assert kept <= set(
        re.findall(r' (\w+)="', re.fullmatch("<iframe.*?></iframe>", shown["html"])[0])
    )
    page = client.get(case).text
    (discovered,) = re.findall('type="application/json[+]oembed" href="([^"]+)"', page)
    assert read(client, discovered.removeprefix("http://127.0.0.1:5000"))["type"] == "rich"
    assert read(client, f"{address}&format=xml", 501)["detail"] == "format must be json."


@pytest.mark.parametrize(
    "address",
    [
        "http://[",
        "https://elsewhere.example/en/actions/ua-58-20",
        "http://127.0.0.1:5000/desk/",
        "http://127.0.0.1:5000/en/",
        f"http://127.0.0.1:5000/{'a' * 3000}",
    ],
)
def test_an_address_that_is_no_case_of_ours_is_not_found(client: FlaskClient, address: str) -> None:
    answer = client.get("/api/oembed", query_string={"url": address})
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_what_no_view_takes_is_a_problem_too(client: FlaskClient) -> None:
    assert read(client, "/api/oembed", 400)["detail"].startswith("url must be the address")
    nowhere = client.get("/api/nowhere/at/all")
    refused = client.post("/api/actions", json={})
    malformed = client.get("/api/actions?lang=%ff")
    for answer, status in ((nowhere, 404), (refused, 405), (malformed, 400)):
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["status"] == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cache-Control"] == "no-store"
    assert "GET" in refused.allow
    assert "DELETE" not in refused.allow
    assert "Use GET, HEAD, OPTIONS." in refused.json["detail"]
    assert client.get("/en/nowhere").mimetype == client.post("/en/").mimetype == "text/html"


def test_feeds_of_one_case_hold_it_alone(
    client: FlaskClient, session: Session, campaign: Campaign, case: str
) -> None:
    make_campaign(session, slug="another", reference="UA 2/26")
    session.commit()
    whole = json.loads(client.get("/en/feed.json").get_data())
    assert whole["version"] == "https://jsonfeed.org/version/1.1"
    assert len(whole["items"]) == 2
    own = json.loads(client.get(f"{case}/feed.json").get_data())
    assert [item["url"] for item in own["items"]] == [f"http://127.0.0.1:5000{case}"]
    atom = client.get(f"{case}/feed.xml")
    assert atom.mimetype == "application/atom+xml"
    assert "another" not in atom.text


_PAGE = (Path(__file__).parents[3] / "docs/api.md").read_text(encoding="utf-8")
_NAMED = re.findall(r"^ {4}GET (\S+)$", _PAGE, re.MULTILINE)


@pytest.mark.parametrize("address", _NAMED)
def test_each_address_that_the_docs_name_answers(
    client: FlaskClient, session: Session, address: str
) -> None:
    make_campaign(session, slug="ua-58-20")
    session.commit()
    assert client.get(address).status_code == 200


def test_the_docs_name_each_field_of_an_action(client: FlaskClient, campaign: Campaign) -> None:
    example = json.loads(re.search(r"^ {4}\{.*?^ {4}\}", _PAGE, re.DOTALL | re.MULTILINE)[0])
    (action,) = read(client, "/api/actions")["actions"]
    assert list(example) == list(action)
    whole = read(client, f"/api/actions/{campaign.slug}")
    sentence = re.search(r"One action has these as well:(.*?)\.", _PAGE, re.DOTALL)[1]
    assert re.findall(r"`(\w+)`", sentence) == [name for name in whole if name not in action]
