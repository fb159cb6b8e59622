"""An entry of the directory that a public campaign names asks about that campaign's risk flags."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.core.clock import utcnow
from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.directory import Mission, Official
from campaign.models.revision import RiskFlag, RiskKind
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_official, post, sign_in
from tests.integration.directory.test_import_pages import rehearsed, work
from tests.integration.directory.test_mission_pages import FORM as MISSION
from tests.integration.directory.test_official_pages import FORM as OFFICIAL
from tests.ticks import tick

NAME = "Halldora Lysing"
MEANT = "Continue anyway"


@pytest.fixture
def campaign(app: Flask, client: FlaskClient, session: Session) -> Campaign:
    flagged = make_campaign(session)
    flagged.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words=NAME)]
    session.commit()
    sign_in(client, app, Role.ADMIN)
    return flagged


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
    client: FlaskClient, session: Session, campaign: Campaign, kind: str
) -> None:
    page, form = entries(campaign)[kind]
    asked = post(client, page, form)
    assert asked.status_code == 422
    assert "A public campaign names this entry" in asked.text
    assert MEANT in asked.text
    assert NAME in asked.text, "what was typed stays"
    assert NAME not in asked.text.partition("<form method")[0], "headed by what is kept"
    session.rollback()
    official, mission = session.query(Official).first(), session.query(Mission).first()
    assert official is not None
    assert mission is not None
    assert NAME not in f"{official.office} {mission.head_of_mission}"
    session.rollback()
    assert post(client, page, form | tick(asked)).status_code == 303


@pytest.mark.parametrize("kind", ["official", "mission"])
def test_of_a_draft_it_is_not_asked(
    client: FlaskClient, session: Session, campaign: Campaign, kind: str
) -> None:
    campaign.status, campaign.opened_at = CampaignStatus.DRAFT, None
    session.commit()
    page, form = entries(campaign)[kind]
    assert post(client, page, form).status_code == 303


@pytest.mark.parametrize(
    "written", ["Lysing, Halldora", "*Halldora* Ly\u00adsing", "Halldora&#32;Lysing"]
)
def test_it_is_found_as_readers_see_it(
    client: FlaskClient, campaign: Campaign, written: str
) -> None:
    page, form = entries(campaign)["mission"]
    assert post(client, page, form | {"head_of_mission": written}).status_code == 422


def test_a_tick_holds_for_the_words_it_was_asked_about(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    page, form = entries(campaign)["official"]
    asked = post(client, page, form)
    other = form | {"name": f"Friend of {NAME}"}
    again = post(client, page, other | tick(asked))
    assert again.status_code == 422
    assert MEANT in again.text
    assert post(client, page, other | tick(again)).status_code == 303


def test_what_stays_as_it_is_is_not_asked_about_again(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    page, form = entries(campaign)["mission"]
    asked = post(client, page, form)
    assert post(client, page, form | tick(asked)).status_code == 303
    again = post(client, page, form | {"hours": "10 to 12"})
    assert again.status_code == 303


def test_a_scheduled_opening_goes_off_as_was_told_before(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(update={"second_person_opens": True})
    campaign.status, campaign.opened_at = CampaignStatus.SCHEDULED, None
    campaign.open_at = utcnow() + timedelta(days=1)
    session.commit()
    page, form = entries(campaign)["official"]
    asked = post(client, page, form)
    assert "A scheduled campaign names this entry" in asked.text
    assert "A public campaign" not in asked.text
    assert "the campaign no longer opens as scheduled" in asked.text
    session.rollback()
    assert post(client, page, form | tick(asked)).status_code == 303
    assert now(session, campaign).status is CampaignStatus.REVIEW
    assert "campaign.entry" in set(session.scalars(select(AuditEntry.action)))


def test_an_import_leaves_out_the_row(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.head_of_mission, mission.last_checked_on = "", None
    session.commit()
    file = (
        "operator;country;type;city;head_of_mission\n"
        f"Mexico;Canada;embassy;Ottawa;{NAME}\nGhana;Canada;embassy;Ottawa;{NAME}\n"
    )
    where = rehearsed(client, session, file, "missions", column_4="head_of_mission")
    told = client.get(where).text
    assert "change the entry Embassy of the Republic on its own page" in told
    assert "<td><bdi>–</bdi></td><td>The risk flags" in told, "the field would tell who it is"
    assert "so that no one learns whom the flags protect" in told
    assert NAME not in told
    post(client, f"{where}/apply", {"skip_bad": "1"})
    work(client, session, "officials.apply-import")
    session.expire_all()
    heads = session.execute(
        select(Mission.sending_country, Mission.head_of_mission).order_by("slug")
    )
    assert [tuple(row) for row in heads] == [("MX", ""), ("GH", NAME)]


def test_an_undo_leaves_what_flags_rule_out_since(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    mission = campaign.targets[0].mission
    assert mission is not None
    mission.head_of_mission = NAME
    session.commit()
    file = "operator;country;type;city;head_of_mission\nMexico;Canada;embassy;Ottawa;Ana Ruiz\n"
    where = rehearsed(client, session, file, "missions", column_4="head_of_mission", replace="y")
    post(client, f"{where}/apply")
    work(client, session, "officials.apply-import")
    post(client, f"{where}/undo")
    session.expire_all()
    assert mission.head_of_mission == "Ana Ruiz"
    session.rollback()
    assert (
        "The risk flags of a public or scheduled campaign do not allow its earlier words."
        in client.get(where).text
    )


def test_of_many_changed_at_once_it_stays(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.PLACE, words="Peru")]
    session.add(make_target_official(2, name="Ben Kiptoo"))
    session.commit()
    many = {"slug": ["governor-1", "governor-2"], "field": "country", "value": "PE"}
    told = post(client, "/desk/officials/bulk", many, follow_redirects=True).text
    assert "1 entry changed." in told
    assert "Not changed: Ines Quintero Vidal." in told
    session.expire_all()
    countries = session.execute(select(Official.slug, Official.country).order_by(Official.slug))
    assert [tuple(row) for row in countries] == [("governor-1", "MX"), ("governor-2", "PE")]


@pytest.mark.both_engines
def test_two_that_become_one_ask(client: FlaskClient, session: Session, campaign: Campaign) -> None:
    session.add(make_target_official(2, name=NAME))
    session.commit()
    merged = {"first": "governor-1", "second": "governor-2", "name": "second"}
    asked = post(client, "/desk/officials/merge", merged)
    assert asked.status_code == 422
    assert MEANT in asked.text
    assert 'name="name" value="second" checked' in asked.text, "what was chosen stays"
    session.expire_all()
    assert len(session.scalars(select(Official)).all()) == 2
    session.rollback()
    kept = post(client, "/desk/officials/merge", merged | tick(asked))
    assert kept.status_code == 303
    session.expire_all()
    assert session.scalars(select(Official.name)).all() == [NAME]


def test_an_office_that_passes_to_somebody_asks(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    campaign.targets[0].official.name = "Ben Kiptoo"
    session.add(make_target_official(2, office={"en": f"Friend of {NAME}"}))
    session.commit()
    passes = {"successor": "governor-1", "on": "2026-10-01", "q": "ben"}
    url = "/desk/officials/governor-2/successor/known"
    asked = client.get(post(client, url, passes).headers["Location"])
    assert MEANT in asked.text
    assert 'value="2026-10-01"' in asked.text
    session.expire_all()
    assert campaign.targets[0].official.office["en"] == "Governor of Altamar"
    session.rollback()
    post(client, url, passes | tick(asked))
    session.expire_all()
    assert campaign.targets[0].official.office["en"] == f"Friend of {NAME}"


@pytest.mark.both_engines
def test_a_campaign_does_not_follow_to_a_successor_whom_it_must_not_name(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    session.add(make_target_official(2, name=NAME))
    session.commit()
    chosen = {"successor": "governor-2", "campaign": [campaign.slug]}
    session.rollback()
    told = client.get(
        post(client, "/desk/campaigns/officials/governor-1", chosen).headers["Location"]
    ).text
    assert (
        f"{campaign.reference}</a></bdi>: a risk flag rules out words in the entry of {NAME}"
        in told
    )
    session.rollback()
    assert session.scalars(
        select(Official.slug).join(Target, Target.official_id == Official.id)
    ).all() == ["governor-1"]


def now(session: Session, campaign: Campaign) -> Campaign:
    """The campaign as it is kept now."""
    session.rollback()
    session.expire_all()
    return campaign
