"""Two who edit an official, a mission or a reply at once: neither overwrites the other unasked."""

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.accounts.models import Role
from campaign.officials.models import Mission, Official
from campaign.replies.models import Reply
from tests.factories import make_campaign, post, sign_in
from tests.integration.officials import test_missions_pages, test_officials_pages

REPLY: dict[str, Any] = {
    "received_on": "2026-01-05", "channel": "letter", "language": "es", "text": "Está bien.",
    "title_en": "An answer", "text_en": "She is well.", "delivery": "", "shown_page": "",
}  # fmt: skip


@pytest.fixture
def organizer(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def seen(client: FlaskClient, address: str) -> dict[str, str]:
    """The state that the page shows, as its form sends it."""
    found = re.search(r'name="based_on"[^>]* value="(\w{32})"', client.get(address).text)
    assert found
    return {"based_on": found[1]}


def test_an_official_is_not_overwritten_by_who_did_not_see_the_change(
    organizer: FlaskClient, unit: Session
) -> None:
    form, address = test_officials_pages.FORM, test_officials_pages.ADDRESS
    post(organizer, "/desk/officials/new", form)
    shown = seen(organizer, address)
    theirs = {"office_es": "Gobernadora", "preferred_locale": "en", "contact_2_value": "+52 999 1"}
    assert post(organizer, address, form | shown | theirs).status_code == 302
    mine = form | shown | {"family_name": "Mine", "contact_1_value": ""}
    refused = post(organizer, address, mine)
    assert refused.status_code == 409
    page = html.unescape(refused.text)
    assert "Somebody else saved this while you were typing" in page
    assert 'value="Mine"' in page, "what was typed stands in the form"
    assert re.search(r"<dt>Family name</dt><dd[^>]*>Quintero Vidal</dd>", page)
    assert re.search(r'<dt>Office · [^<]+</dt><dd lang="es" dir="ltr">Gobernadora</dd>', page)
    assert re.search(r"<dt>Language the official prefers</dt><dd[^>]*>English</dd>", page)
    assert "E-mail: office@example.org<br>Telephone: +52" in page
    assert "<dt>Given name</dt>" not in page, "it is the same"
    official = unit.scalars(select(Official)).one()
    assert (official.family_name, official.office["es"]) == ("Quintero Vidal", "Gobernadora")
    unit.rollback()
    (newest,) = re.findall(r'name="based_on"[^>]* value="(\w{32})"', page)
    assert post(organizer, address, mine | {"based_on": newest}).status_code == 302
    unit.expire_all()
    assert unit.scalars(select(Official)).one().family_name == "Mine"


def test_a_mission_is_not_overwritten_nor_noted_as_checked(
    organizer: FlaskClient, unit: Session
) -> None:
    form = test_missions_pages.FORM | {"hours": "", "door_notes": ""}
    address = test_missions_pages.ADDRESS
    post(organizer, "/desk/missions/new", form)
    shown = seen(organizer, address)
    assert post(organizer, address, form | shown | {"door_notes": "Ring twice."}).status_code == 302
    late = form | shown | {"hours": "9 to 12", "checked": "1", "accredited": "Bahamas"}
    refused = post(organizer, address, late)
    assert refused.status_code == 409
    page = html.unescape(refused.text)
    assert re.search(r"<dd[^>]*>Ring twice\.</dd>", page)
    assert "Bahamas<br>Cuba" in page
    mission = unit.scalars(select(Mission)).one()
    assert (mission.door_notes, mission.hours) == ("Ring twice.", "")
    assert str(mission.last_checked_on) == "2026-01-15"


def test_a_reply_is_not_overwritten_by_who_did_not_see_the_change(
    organizer: FlaskClient, unit: Session
) -> None:
    campaign = make_campaign(unit)
    unit.commit()
    who = {"who": f"target:{campaign.targets[0].official.slug}"}
    new = f"/desk/replies/campaigns/{campaign.slug}/new"
    unit.rollback()
    address = post(organizer, new, REPLY | who).location
    shown = seen(organizer, address) | who
    assert post(organizer, address, REPLY | shown | {"text_en": "She is safe."}).status_code == 303
    refused = post(organizer, address, REPLY | shown | {"notes": "Ask again."})
    assert refused.status_code == 409
    assert re.search(r'<dd lang="en" dir="ltr">She is safe\.</dd>', refused.text)
    assert "Ask again." in refused.text
    reply = unit.scalars(select(Reply)).one()
    assert (reply.notes, [one.text for one in reply.translations]) == ("", ["She is safe."])
    (newest,) = re.findall(r'name="based_on"[^>]* value="(\w{32})"', refused.text)
    again = REPLY | who | {"notes": "Ask again.", "based_on": newest}
    unit.rollback()
    assert post(organizer, address, again).status_code == 303
