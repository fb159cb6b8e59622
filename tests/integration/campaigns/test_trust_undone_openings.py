"""Each page that takes an approved opening off says so before it saves; no other page does."""

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.desk.blueprint import CHANGING
from campaign.core.clock import utcnow
from campaign.models.campaign import CampaignStatus
from campaign.models.staff import Role
from tests.factories import make_staff_user, sign_in
from tests.integration.campaigns import test_trust_risk_flags as way_out
from tests.integration.campaigns.test_trust_risk_flags import HOME, Sent, World, Writer
from tests.integration.web.test_routes import _roles, _rules
from tests.ticks import tick

WARNS = "A change cancels the opening"


def _risks(_world: World) -> Sent:
    return f"{HOME}/risks", {"witness": "Somebody Else"}


def _options(_world: World) -> Sent:
    return f"{HOME}/letter-options", {"forbidden_words": "nonsense"}


def _reach(_world: World) -> Sent:
    return f"{HOME}/reach", {"hosts": "news.example.org"}


def _screening(_world: World) -> Sent:
    return f"{HOME}/screening", {
        "first": "9",
        "longer_than": "0",
        "shorter_than": "0",
        "alike": "0",
    }


def _team(world: World) -> Sent:
    person = make_staff_user(world.unit, Role.ORGANIZER)
    world.unit.commit()
    return f"{HOME}/team/add", {"person": person.public_id}


CHANGES: dict[str, Writer] = {
    "campaigns.edit_edition": way_out._edition,
    "campaigns.edit_facts": way_out._facts,
    "campaigns.edit_options": _options,
    "campaigns.edit_picture": way_out._picture,
    "campaigns.edit_reach": _reach,
    "campaigns.edit_risks": _risks,
    "campaigns.edit_targets": way_out._targets,
    "campaigns.edit_template": way_out._template,
    "campaigns.merge": way_out._merge,
    "campaigns.post_update": way_out._update,
    "campaigns.restore": way_out._restore,
    "campaigns.side_by_side": way_out._side,
    "screening_rules.edit_rules": _screening,
}
"""How each page saves a change; a state is brought back from the page of its history."""

CHANGES_NOTHING = {
    "campaigns.add_to_team", "campaigns.clone", "campaigns.continue_as", "campaigns.delete",
    "campaigns.drop_draft", "campaigns.hand_over", "campaigns.keep_draft",
    "campaigns.preview_text", "campaigns.remove_from_team",
    # Of a campaign that is public, or that moves:
    "campaigns.change_status", "campaigns.decide_proposal", "campaigns.extend",
    "campaigns.reason.edit", "campaigns.take_back_update",
}  # fmt: skip


def test_each_page_of_a_campaign_is_known_to_change_it_or_not(app: Flask) -> None:
    pages = {
        rule.endpoint
        for rule in _rules(app)
        if rule.endpoint.startswith(("campaigns.", "screening_rules."))
        and "POST" in (rule.methods or ())
        and "slug" in rule.arguments
        and _roles(app, rule.endpoint) is not None
    }
    assert pages == CHANGES.keys() | CHANGES_NOTHING
    assert {endpoint.replace("restore", "show_history") for endpoint in CHANGES} == CHANGING


@pytest.mark.parametrize("endpoint", [*CHANGES, "campaigns.add_to_team"])
def test_a_page_warns_if_and_only_if_saving_takes_the_opening_off(
    app: Flask, client: FlaskClient, session: Session, endpoint: str
) -> None:
    sign_in(client, app, Role.ADMIN)
    world = World(session, client)
    url, data = CHANGES.get(endpoint, _team)(world)
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    it = world.campaign
    it.status, it.opened_at, it.open_at = (
        CampaignStatus.SCHEDULED,
        None,
        utcnow() + timedelta(days=1),
    )
    session.commit()
    page = url.removesuffix("/1" if endpoint == "campaigns.restore" else "/add")
    shown = client.get(page)
    assert shown.status_code == 200
    sent = world.send(url, way_out.copy_files(data))
    if sent.status_code == 422:
        sent = world.send(url, data | tick(sent))
    assert sent.status_code == 303, sent.text
    session.rollback()
    session.expire_all()
    goes_off = it.status is CampaignStatus.REVIEW
    assert (WARNS in shown.text) is goes_off
    assert goes_off is (endpoint in CHANGES)
