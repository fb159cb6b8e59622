"""Pages without revisions: two who save at once lose nothing either."""

import re
from typing import Any

import html5lib
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign
from campaign.web.edit_conflict import mark_of
from tests.factories import post
from tests.integration.campaigns.conftest import DESK
from tests.integration.replies.test_replies import make_reply

PAGES = [
    (f"{DESK}/risks", "witness", {}),
    (f"{DESK}/reach", "hosts", {}),
    (f"{DESK}/screening", "watched", {"insults": "refuse", "links": "refuse", "phones": "refuse"}),
    (
        "reply",
        "notes",
        {
            "received_on": "2026-11-02",
            "channel": "email",
            "language": "es",
            "who": "",
            "text": "Tomamos nota.",
            "title_en": "An answer",
        },
    ),
]


def seen_on(page: str) -> str:
    (mark,) = re.findall(r'name="seen" type="hidden" value="([0-9a-f]+)"', page)
    return str(mark)


@pytest.mark.parametrize(("page", "field", "more"), PAGES)
def test_who_saves_second_sees_both_and_saves_knowingly(
    desk: FlaskClient,
    other: FlaskClient,
    session: Session,
    draft: Campaign,
    page: str,
    field: str,
    more: dict[str, str],
) -> None:
    if page == "reply":
        page = f"/desk/replies/{make_reply(session, draft).public_id}"
        session.commit()
    mark = seen_on(desk.get(page).text)
    assert post(other, page, more | {field: "theirs.org", "seen": mark}).status_code == 303
    late = post(desk, page, more | {field: "mine.org", "title_es": "Otra", "seen": mark})
    assert late.status_code == 422
    assert "Someone saved this page while you were editing it" in late.text
    shown, typed = late.text.split("Saved now")[1], late.text
    assert "theirs.org" in shown
    assert f'href="#{field}"' in shown.split("</div>")[0]
    assert not list_dead_links(typed)
    assert ("Title (Spanish)" in shown) == ("title_en" in more)
    assert "mine.org" in typed
    assert "theirs.org" in desk.get(page).text
    both = more | {field: "theirs.org\nmine.org", "seen": seen_on(late.text)}
    assert post(desk, page, both).status_code == 303
    assert "theirs.org\nmine.org" in desk.get(page).text.replace("\r", "")


def list_dead_links(page: str) -> list[str]:
    """Links within the page that lead to nothing in its main part."""
    tree = html5lib.parse(page, treebuilder="lxml", namespaceHTMLElements=False)
    main = tree.find(".//main")
    places = {f"#{target.get('id')}" for target in main.iterfind(".//*[@id]")}
    links = {str(link.get("href")) for link in main.iterfind(".//a[@href]")}
    return [link for link in links - places if link.startswith("#")]


def read_form(page: str) -> dict[str, Any]:
    """What the page's form holds, as a browser would send it."""
    tree = html5lib.parse(page, treebuilder="lxml", namespaceHTMLElements=False)
    (form,) = [
        tag for tag in tree.iterfind(".//main//form") if tag.find(".//*[@name='seen']") is not None
    ]
    fields: dict[str, Any] = {}
    for control in form.iterfind(".//*[@name]"):
        name, kind = control.get("name"), control.get("type")
        if control.tag == "select":
            chosen = control.find(".//option[@selected]")
            fields[name] = chosen.get("value") if chosen is not None else ""
        elif control.tag == "textarea":
            fields[name] = (control.text or "").removeprefix("\n")
        elif kind in {"checkbox", "radio"}:
            if control.get("checked") is not None:
                fields.setdefault(name, []).append(control.get("value"))
        elif control.tag == "input":
            fields[name] = control.get("value") or ""
    fields.pop("csrf_token", None)
    return fields


def test_two_who_mend_one_official_or_mission_see_both(
    desk: FlaskClient, other: FlaskClient, draft: Campaign
) -> None:
    target = draft.targets[0]
    assert target.mission is not None
    places = [
        (f"/desk/officials/{target.official.slug}", "locality"),
        (f"/desk/missions/{target.mission.slug}", "hours"),
    ]
    for page, field in places:
        typed = read_form(desk.get(page).text)
        assert typed["seen"]
        assert post(other, page, typed | {field: "Theirs"}).status_code == 303
        late = post(desk, page, typed | {field: "Mine"})
        assert late.status_code == 422
        assert not list_dead_links(late.text)
        assert "Theirs" in late.text.split("Saved now")[1].split("</div>")[0]
        again = read_form(late.text)
        assert again[field] == "Mine"
        assert post(desk, page, again).status_code == 303
        assert read_form(desk.get(page).text)[field] == "Mine"


@pytest.mark.both_engines
def test_what_the_picture_shows_meets_too(
    desk: FlaskClient, other: FlaskClient, draft: Campaign
) -> None:
    mark = seen_on(desk.get(f"{DESK}/picture").text)
    refused = post(other, f"{DESK}/picture", {"alt_en": "A river", "seen": mark})
    assert "Someone has saved a newer version" not in refused.text, "nobody has"
    assert refused.status_code == 422, "there is no picture yet"


def test_a_mark_is_the_same_for_what_reads_the_same() -> None:
    assert mark_of({"a": "x \r\ny", "b": None}) == mark_of({"a": "x\ny", "b": ""})
    assert mark_of({"a": "x"}) != mark_of({"a": "y"})
