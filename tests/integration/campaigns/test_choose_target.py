"""Choosing a target: found while one types, with the mission that is suggested and why."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus, Target
from campaign.models.directory import MissionKind, Official
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_mission, make_target_official, post, sign_in
from tests.integration.campaigns.test_update_emails import links_that_lead_nowhere

PAGE = "/desk/campaigns/ua-1-26/targets"


@pytest.fixture
def desk(app: Flask, client: FlaskClient, session: Session) -> FlaskClient:
    make_campaign(session)
    session.add_all(
        [
            make_target_official(
                2,
                slug="jose",
                name="José Núñez",
                given_name="José",
                family_name="Núñez",
                country="GT",
                office={"en": "Ombudsman", "fr": "Défenseur des droits"},
            ),
            make_target_mission(
                2,
                slug="guatemala-washington",
                sending_country="GT",
                host_country="US",
                locality="Washington",
                accredited_to=["CA"],
                name={"en": "Embassy of Guatemala in Washington"},
            ),
            make_target_mission(
                3,
                slug="guatemala-toronto",
                sending_country="GT",
                locality="Toronto",
                kind=MissionKind.CONSULATE,
                name={"en": "Consulate of Guatemala in Toronto"},
            ),
        ]
    )
    session.commit()
    sign_in(client, app, Role.ADMIN)
    return client


@pytest.mark.both_engines
@pytest.mark.parametrize("words", ["nunez", "NÚÑEZ jos", "defenseur", "guatémala", "gt ombuds"])
def test_an_official_is_found_without_accents_by_name_office_or_country(
    desk: FlaskClient, words: str
) -> None:
    for page in (f"{PAGE}/officials", PAGE):  # while one types, and without scripts
        results = desk.get(page, query_string={"q": words}).get_data(as_text=True)
        assert 'name="official" id="official-jose"' in results


def test_who_is_a_target_already_is_not_offered_again(desk: FlaskClient) -> None:
    results = desk.get(f"{PAGE}/officials?q=quintero").get_data(as_text=True)
    assert "No other officials match your search." in results


def test_the_suggested_mission_says_why(desk: FlaskClient, session: Session) -> None:
    row = {
        "rows-0-official": "governor-1",
        "rows-0-kind": "to",
        "rows-0-mission": "embassy-1",
        "rows-0-position": "1",
    }
    new = {"official": "jose", "kind": "copy", "mission": ""}
    assert post(desk, PAGE, row | new).status_code == 303
    page = desk.get(PAGE).get_data(as_text=True)
    why = "responsible for the country where we are, based elsewhere"
    assert f"Suggested: Embassy of Guatemala in Washington – {why}" in page
    assert page.index("guatemala-washington") < page.index("guatemala-toronto")
    assert "because it represents Guatemala" in page
    session.rollback()
    target = session.scalars(select(Target).join(Campaign).order_by(Target.position.desc())).first()
    assert target is not None
    assert target.mission is None  # by post was said


@pytest.mark.both_engines
def test_a_mission_of_another_country_can_be_searched_for(
    desk: FlaskClient, session: Session
) -> None:
    assert 'value="guatemala-toronto"' not in desk.get(PAGE).get_data(as_text=True)
    page = desk.get(f"{PAGE}?m=guatemala+toronto").get_data(as_text=True)
    assert 'value="guatemala-toronto"' in page
    row = {
        "rows-0-official": "governor-1",
        "rows-0-kind": "to",
        "rows-0-mission": "guatemala-toronto",
        "rows-0-position": "1",
        "official": "",
        "kind": "to",
        "mission": "suggested",
    }
    assert post(desk, PAGE, row).status_code == 303


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"official": "governor-1"}, "This official is already a recipient."),
        ({"official": "nobody"}, "Choose an official from the directory."),
    ],
)
def test_the_same_target_twice_and_nobody_are_refused_in_words(
    desk: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    data: dict[str, Any] = {
        "rows-0-official": "governor-1",
        "rows-0-kind": "to",
        "rows-0-mission": "embassy-1",
        "rows-0-position": "1",
        "kind": "to",
        "mission": "suggested",
    }
    response = post(desk, PAGE, data | change)
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert links_that_lead_nowhere(response.text) == set()
    assert len(session.scalars(select(Target)).all()) == 1


@pytest.mark.parametrize(
    ("change", "is_told"), [({}, True), ({"mission": ""}, False), ({"kind": "copy"}, False)]
)
def test_a_mission_that_the_directory_lacks_is_told_after_saving(
    desk: FlaskClient, session: Session, change: dict[str, str], is_told: bool
) -> None:
    session.add(make_target_official(9, name="Ana Pérez", country="KE"))
    session.commit()
    row = {
        "rows-0-official": "governor-1",
        "rows-0-kind": "to",
        "rows-0-mission": "embassy-1",
        "rows-0-position": "1",
    }
    new = {"official": "governor-9", "kind": "to", "mission": "suggested"}
    saved = post(desk, PAGE, row | new | change)
    assert saved.status_code == 303
    page = desk.get(saved.location).get_data(as_text=True)
    assert "Recipients saved." in page
    told = "The directory has no suitable mission for Ana Pérez, so letters go by post."
    assert (told in page) is is_told


def test_the_lists_answer_with_their_rows_alone_while_one_types(desk: FlaskClient) -> None:
    typed = {"headers": {"HX-Request": "true"}}
    rows = desk.get("/desk/officials?q=jose", **typed).get_data(as_text=True)  # type: ignore[arg-type]
    assert "José Núñez" in rows
    assert "<html" not in rows
    rows = desk.get("/desk/missions?q=washington", **typed).get_data(as_text=True)  # type: ignore[arg-type]
    assert "Embassy of Guatemala in Washington" in rows
    assert "<html" not in rows
    page = desk.get("/desk/missions?host=CA").get_data(as_text=True)
    assert "Embassy of Guatemala in Washington" in page  # also responsible for Canada


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows-0-remove": "y"}, "Tick the official’s box first, then save."),
        ({"rows-0-mission": ""}, "No one was added. To add an official, tick the box first."),
    ],
)
def test_an_official_found_and_not_ticked_stays_found(
    desk: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    session.scalars(select(Campaign)).one().status = CampaignStatus.DRAFT
    session.commit()
    row = {
        "rows-0-official": "governor-1",
        "rows-0-kind": "to",
        "rows-0-mission": "embassy-1",
        "rows-0-position": "1",
    }
    results = desk.get(f"{PAGE}/officials?q=nunez").get_data(as_text=True)
    assert '<input type="hidden" name="searched" value="nunez">' in results
    new = {"kind": "to", "mission": "suggested", "searched": "nunez"}
    saved = post(desk, PAGE, row | change | new)
    assert saved.status_code == 303
    page = desk.get(saved.location).get_data(as_text=True)
    assert message in page
    assert 'id="official-jose"' in page
    assert "No recipients chosen yet." not in page


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            {"salutation": {"en": "Dear Sir,", "es": "Señor:"}},
            "José Núñez has no salutation or no close in French.",
        ),
        ({"address": [], "locality": ""}, "We post letters to José Núñez, but the address"),
    ],
)
def test_what_an_official_lacks_names_the_official_and_leads_to_the_entry(
    desk: FlaskClient, session: Session, entry: dict[str, Any], message: str
) -> None:
    official = session.scalars(select(Official).filter_by(slug="jose")).one()
    for name, value in entry.items():
        setattr(official, name, value)
    session.commit()
    response = post(
        desk,
        PAGE,
        {
            "rows-0-official": "governor-1",
            "rows-0-kind": "to",
            "rows-0-mission": "embassy-1",
            "rows-0-position": "1",
            "official": "jose",
            "kind": "to",
            "mission": "",
        },
    )
    assert response.status_code == 422
    assert message in response.text
    assert 'href="/desk/officials/jose"' in response.text
    assert links_that_lead_nowhere(response.text) == set()
    assert len(session.scalars(select(Target)).all()) == 1
