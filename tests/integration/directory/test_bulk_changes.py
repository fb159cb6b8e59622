"""The directory exported, changed in a spreadsheet and imported again; many entries at once."""

import csv
import io

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.audit import AuditEntry
from campaign.models.campaign import Target, TargetKind
from campaign.models.directory import ContactDetail, Mission, MissionKind, Official
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_mission, make_target_official, post, sign_in
from tests.integration.directory.test_import_pages import newest, rehearsed, work


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def exported(desk: FlaskClient, part: str) -> list[list[str]]:
    answer = desk.get(f"/desk/{part}/export.csv")
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))


def written(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


@pytest.fixture
def directory(session: Session) -> None:
    mission = make_target_mission(1, slug="ghana-ottawa", sending_country="GH", hours="9 to 12")
    mission.contacts = [
        ContactDetail(type="voice", value="+1 613 555 0100 ext. 5"),
        ContactDetail(type="email", value="a@example.org"),
        ContactDetail(type="email", value="b@example.org"),
    ]
    order = make_target_mission(2, slug="order", sending_country="XM", accredited_to=["CU", "JM"])
    session.add_all([mission, order, make_target_official(slug="somebody")])
    session.commit()


@pytest.mark.parametrize("part", ["missions", "officials"])
def test_an_export_that_nobody_changed_changes_nothing(
    desk: FlaskClient, session: Session, directory: None, part: str
) -> None:
    rows = exported(desk, part)
    rehearsed(desk, session, written(rows), part, replace="y")
    counts = newest(session).counts
    assert {name: counts[name] for name in ("added", "changed", "refused")} == {
        "added": 0,
        "changed": 0,
        "refused": 0,
    }
    assert counts["left"] == len(rows) - 1


def test_a_changed_export_changes_many_at_once(
    desk: FlaskClient, session: Session, directory: None
) -> None:
    heads, *rows = exported(desk, "missions")
    for row in rows:
        row[heads.index("kind")] = "consulate"
        row[heads.index("host country")] = "France"
        row[heads.index("hours")] = "10 to 12"
    where = rehearsed(desk, session, written([heads, *rows]), "missions", replace="y")
    assert newest(session).counts["changed"] == 2
    session.rollback()
    post(desk, f"{where}/apply")
    work(desk, session, "officials.apply-import")
    session.rollback()
    session.expire_all()
    missions = session.scalars(select(Mission)).all()
    assert {(mission.kind, mission.host_country, mission.hours) for mission in missions} == {
        (MissionKind.CONSULATE, "FR", "10 to 12")
    }


def test_no_cell_of_an_export_is_a_formula(desk: FlaskClient, session: Session) -> None:
    session.add(make_target_official(name="=HYPERLINK(1)"))
    session.commit()
    assert "'=HYPERLINK(1)" in exported(desk, "officials")[1]


def test_many_are_changed_or_deleted_and_what_is_used_stays(
    desk: FlaskClient, session: Session, directory: None
) -> None:
    campaign = make_campaign(session)
    order = session.scalars(select(Mission).where(Mission.slug == "order")).one()
    official = session.scalars(select(Official).where(Official.slug == "somebody")).one()
    session.add(
        Target(
            campaign_id=campaign.id,
            official_id=official.id,
            mission_id=order.id,
            kind=TargetKind.TO,
            position=9,
        )
    )
    session.commit()
    assert 'form="bulk"' in desk.get("/desk/missions").get_data(as_text=True)
    both = {"slug": ["ghana-ottawa", "order"]}
    page = desk.get("/desk/missions/bulk?field=kind&slug=ghana-ottawa&slug=order")
    assert "Change 2 entries?" in page.get_data(as_text=True)
    post(desk, "/desk/missions/bulk", both | {"field": "kind", "value": "bakery"})
    post(desk, "/desk/missions/bulk", both | {"field": "kind", "value": "consulate"})
    session.rollback()
    session.expire_all()
    kinds = select(Mission.kind).where(Mission.slug.in_(both["slug"]))
    assert set(session.scalars(kinds)) == {MissionKind.CONSULATE}
    answer = post(desk, "/desk/missions/bulk", both | {"field": "delete"}, follow_redirects=True)
    assert "Not deleted, because in use" in answer.get_data(as_text=True)
    post(desk, "/desk/officials/bulk", {"slug": "somebody", "field": "country", "value": "PE"})
    session.rollback()
    session.expire_all()
    assert "ghana-ottawa" not in session.scalars(select(Mission.slug)).all()
    changed = select(Official.country).where(Official.slug == "somebody")
    assert session.scalars(changed).all() == ["PE"]
    actions = session.scalars(select(AuditEntry.action)).all()
    assert [actions.count(f"missions.{deed}") for deed in ("edit", "delete")] == [2, 1]
    assert desk.get("/desk/missions/bulk?field=slug&slug=order").status_code == 404
