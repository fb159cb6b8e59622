"""Missions on the desk."""

import re
from datetime import date
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.directory.missions import best_mission, list_missions
from campaign.directory.where_used import list_uses
from campaign.models.bundle import Journey
from campaign.models.directory import Mission, MissionKind
from campaign.models.staff import Role
from tests.days import today
from tests.factories import make_campaign, make_target_mission, post, sign_in

FORM: dict[str, Any] = {
    "kind": "embassy",
    "name_en": "Embassy of Kenya in Ottawa",
    "name_fr": "Ambassade du Kenya à Ottawa",
    "sending_country": "KE",
    "host_country": "CA",
    "accredited": "Bahamas\ncu\nCanada",
    "head_of_mission": "Wanjiru Otieno",
    "address": "1 Sample Street",
    "locality": "Ottawa",
    "region": "ON",
    "postal_code": "k1p 1a4",
    "last_checked_on": "2026-01-15",
    "contact_1_type": "url",
    "contact_1_value": "embassy.example.org",
}
ADDRESS = "/desk/missions/kenya-ottawa"


@pytest.fixture
def organizer(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def kept(session: Session) -> Mission | None:
    session.rollback()
    return session.scalar(select(Mission))


def test_an_organizer_adds_a_mission(organizer: FlaskClient, session: Session) -> None:
    response = post(organizer, "/desk/missions/new", FORM)
    assert (response.status_code, response.headers["Location"]) == (303, ADDRESS)
    mission = kept(session)
    assert mission is not None
    assert mission.kind is MissionKind.EMBASSY
    assert mission.accredited_to == ["BS", "CU"]
    assert mission.last_checked_on == date(2026, 1, 15)
    assert [contact.value for contact in mission.contacts] == ["https://embassy.example.org"]
    page = organizer.get(ADDRESS).get_data(as_text=True)
    printed = re.search(r'<p dir="auto">(.*?)</p>', page)
    assert printed is not None, "in the direction of its name"
    assert printed[1] == (
        "Embassy of Kenya in Ottawa<br><bdi>1\xa0Sample Street</bdi>"
        "<br><bdi>Ottawa ON K1P\xa01A4</bdi>"
    )  # without its country: letters to it are posted within
    assert "Bahamas\nCuba" in page


def test_a_mission_has_the_zone_of_its_city_until_another_is_chosen(
    organizer: FlaskClient, session: Session
) -> None:
    post(organizer, "/desk/missions/new", FORM | {"locality": "Vancouver"})
    mission = kept(session)
    assert mission is not None
    assert (mission.timezone, mission.zone) == (None, "America/Vancouver")
    page = f"/desk/missions/{mission.slug}"
    assert "The time zone of its city and country: America/Vancouver" in organizer.get(page).text
    answer = post(organizer, page, FORM | {"timezone": "America/Nowhere"})
    assert answer.status_code == 422
    assert post(organizer, page, FORM | {"timezone": "America/Regina"}).status_code == 303
    mission = kept(session)
    assert mission is not None
    assert mission.zone == "America/Regina"
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "missions.edit")).one()
    assert "timezone" in entry.detail["fields"]


def test_a_second_mission_of_the_same_city_gets_its_own_slug(organizer: FlaskClient) -> None:
    post(organizer, "/desk/missions/new", FORM)
    again = post(organizer, "/desk/missions/new", FORM)
    assert again.headers["Location"] == f"{ADDRESS}-2"


def test_an_edit_is_kept_and_audited(organizer: FlaskClient, session: Session) -> None:
    post(organizer, "/desk/missions/new", FORM)
    post(organizer, ADDRESS, FORM | {"head_of_mission": "Ama Boateng"})
    mission = kept(session)
    assert mission is not None
    assert mission.head_of_mission == "Ama Boateng"
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "missions.edit"))
    assert entry is not None
    assert entry.detail == {"fields": ["head_of_mission"]}


@pytest.mark.both_engines
def test_checked_today_saves_what_was_typed_and_takes_the_alarm_away(
    organizer: FlaskClient, session: Session
) -> None:
    session.add(make_target_mission(1, slug="old", last_checked_on=date(2020, 1, 1)))
    session.commit()
    assert "more than a year ago" in organizer.get("/desk/missions/old").get_data(as_text=True)
    form = FORM | {"address": "2 New Street", "checked": "1"}
    assert post(organizer, "/desk/missions/old", form).status_code == 303
    assert "more than a year ago" not in organizer.get("/desk/missions/old").get_data(as_text=True)
    mission = kept(session)
    assert mission is not None
    assert mission.last_checked_on is not None
    assert mission.last_checked_on > date(2026, 1, 15)
    assert mission.address == ["2 New Street"]


def test_an_address_that_no_window_holds_is_not_saved(
    organizer: FlaskClient, session: Session
) -> None:
    long = "\n".join(f"{number} A street with a rather long name, building" for number in range(6))
    response = post(organizer, "/desk/missions/new", FORM | {"address": long})
    assert response.status_code == 422
    assert "does not fit in the envelope window" in response.text
    assert kept(session) is None


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("accredited", "Bahamas\nAtlantis", "We do not know the country “Atlantis”"),
        ("host_country", "", "Choose the country where the mission is."),
        ("kind", "bakery", "Choose one of the answers offered"),
        ("last_checked_on", "2026-02-31", "There is no 31 February 2026."),
        ("last_checked_on", "2999-01-01", "This date is in the future."),
        ("postal_code", "97000", "Enter one like this: H3Z 2Y7."),
    ],
)
def test_bad_input_is_told_by_its_field(
    organizer: FlaskClient, session: Session, field: str, value: str, message: str
) -> None:
    response = post(organizer, "/desk/missions/new", FORM | {field: value})
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert "Ambassade du Kenya à Ottawa" in response.get_data(as_text=True)
    assert kept(session) is None


def test_a_mission_has_a_name_to_print(organizer: FlaskClient, session: Session) -> None:
    nameless = FORM | {"name_en": "", "name_fr": ""}
    response = post(organizer, "/desk/missions/new", nameless)
    assert response.status_code == 422
    assert "Enter the name of the mission in at least one language." in response.text
    assert kept(session) is None
    assert post(organizer, "/desk/missions/new", nameless | {"name_fr": "A"}).status_code == 303


@pytest.mark.both_engines
def test_the_list_filters_by_sending_and_host_country_and_by_what_was_not_checked(
    organizer: FlaskClient, session: Session
) -> None:
    recent = today()
    for number, (sending, host, checked) in enumerate(
        [("KE", "CA", recent), ("KE", "FR", None), ("MX", "CA", date(2020, 1, 1))]
    ):
        session.add(
            make_target_mission(
                number,
                name={"en": f"Mission {sending}-{host}"},
                sending_country=sending,
                host_country=host,
                last_checked_on=checked,
            )
        )
    session.commit()
    names = ["Mission KE-CA", "Mission KE-FR", "Mission MX-CA"]

    def listed(query: str) -> list[str]:
        page = organizer.get(f"/desk/missions{query}").get_data(as_text=True)
        return [name for name in names if name in page]

    assert listed("") == names
    assert listed("?sending=KE") == names[:2]
    assert listed("?sending=KE&host=CA") == names[:1]
    assert listed("?stale=y") == names[1:]
    assert listed("?q=ke-fr&sort=checked") == names[1:2]
    everything = organizer.get("/desk/missions").get_data(as_text=True)
    assert everything.count('<tr class="is-alarm">') == 2


@pytest.mark.both_engines
def test_a_long_list_comes_in_pages_that_keep_the_filters(
    organizer: FlaskClient, session: Session
) -> None:
    session.add_all(make_target_mission(number) for number in range(51))
    session.commit()
    page = organizer.get("/desk/missions?sending=MX").get_data(as_text=True)
    assert "Page 1 of 2" in page
    assert 'href="/desk/missions?sending=MX&amp;page=2"' in page
    second = organizer.get("/desk/missions?sending=MX&page=2").get_data(as_text=True)
    assert second.count("/desk/missions/embassy-") == 1


@pytest.mark.both_engines
def test_a_used_mission_is_not_deleted_and_an_unused_one_is(
    organizer: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    session.add(make_target_mission(9, slug="unused"))
    session.commit()
    refused = post(organizer, "/desk/missions/embassy-1/delete")
    assert refused.status_code == 409
    assert "UA 1/26" in refused.get_data(as_text=True)
    assert post(organizer, "/desk/missions/unused/delete").status_code == 303
    session.rollback()
    assert list(session.scalars(select(Mission.slug))) == ["embassy-1"]


def test_the_embassy_is_suggested() -> None:
    missions = [
        make_target_mission(1, slug="consulate", kind=MissionKind.CONSULATE, accredited_to=[]),
        make_target_mission(2, slug="embassy", accredited_to=[]),
        make_target_mission(3, slug="paris", host_country="FR", accredited_to=["MC"]),
    ]

    def suggested(host: str) -> str | None:
        best = best_mission(missions, host)
        return best.slug if best else None

    assert [suggested(host) for host in ("CA", "MC", "KE")] == ["embassy", "paris", None]


@pytest.mark.parametrize("address", ["/desk/missions", "/desk/missions/new"])
def test_only_organizers_and_admins_see_missions(
    app: Flask, client: FlaskClient, address: str
) -> None:
    assert client.get(address).status_code == 302
    sign_in(client, app, Role.STAFF)
    assert client.get(address).status_code == 404


def test_an_unknown_slug_is_not_found(organizer: FlaskClient) -> None:
    assert organizer.get("/desk/missions/atlantis-ottawa").status_code == 404
    assert post(organizer, "/desk/missions/atlantis-ottawa/checked").status_code == 404


@pytest.mark.both_engines
def test_missions_are_in_the_order_of_the_names_of_their_countries(
    app: Flask, session: Session
) -> None:
    for at, code in enumerate(("AE", "AL", "ZA", "ES", "EU")):
        session.add(make_target_mission(at, slug=f"of-{code}", sending_country=code))
    session.commit()

    def order(language: str) -> list[str]:
        with app.app_context(), force_locale(language):
            return [mission.sending_country for mission in list_missions(session).rows]

    assert order("en") == ["AL", "EU", "ZA", "ES", "AE"]
    assert order("es") == ["AL", "AE", "ES", "ZA", "EU"]


def test_uses_outside_of_campaigns_have_names(session: Session, app: Flask) -> None:
    """A visit or a journey was named by its table."""
    mission = make_target_mission(session)
    session.add(Journey(mission_id=mission.id))
    session.flush()
    with app.test_request_context():
        assert list_uses(session, mission) == ["Bundles"]
