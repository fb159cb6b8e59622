"""An entry of the directory that a public campaign names asks about that campaign's risk flags."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.accounts.models import Role
from campaign.campaigns.models import Campaign, CampaignStatus
from campaign.campaigns.revision_models import RiskFlag, RiskKind
from campaign.officials.models import Mission, Official
from tests.factories import make_campaign, post, sign_in
from tests.integration.officials.test_missions_pages import FORM as MISSION
from tests.integration.officials.test_officials_pages import FORM as OFFICIAL

NAME = "Halldora Lysing"
MEANT = "It is meant: go on all the same"


@pytest.fixture
def campaign(app: Flask, client: FlaskClient, unit: Session) -> Campaign:
    made = make_campaign(unit)
    made.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words=NAME)]
    unit.commit()
    sign_in(client, app, Role.ADMIN)
    return made


def entries(campaign: Campaign) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each kind of entry its page, and a form that names the witness."""
    official, mission = campaign.targets[0].official, campaign.targets[0].mission
    assert mission is not None
    told = f"Commissioner, asked by {NAME}"
    return {
        "official": (f"/desk/officials/{official.slug}", OFFICIAL | {"office_en": told}),
        "mission": (f"/desk/missions/{mission.slug}", MISSION | {"head_of_mission": told}),
    }


@pytest.mark.parametrize("kind", ["official", "mission"])
def test_it_is_asked_once_more_and_kept_when_it_is_meant(
    client: FlaskClient, unit: Session, campaign: Campaign, kind: str
) -> None:
    page, form = entries(campaign)[kind]
    asked = post(client, page, form)
    assert asked.status_code == 422
    assert MEANT in asked.text
    assert NAME in asked.text, "what was typed stays"
    unit.rollback()
    official, mission = unit.query(Official).first(), unit.query(Mission).first()
    assert official is not None
    assert mission is not None
    assert NAME not in f"{official.office} {mission.head_of_mission}"
    unit.rollback()
    assert post(client, page, form | {"risks_seen": "y"}).status_code == 302


@pytest.mark.parametrize("kind", ["official", "mission"])
def test_of_a_draft_it_is_not_asked(
    client: FlaskClient, unit: Session, campaign: Campaign, kind: str
) -> None:
    campaign.status, campaign.opened_at = CampaignStatus.DRAFT, None
    unit.commit()
    page, form = entries(campaign)[kind]
    assert post(client, page, form).status_code == 302
