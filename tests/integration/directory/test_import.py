"""Imports: all of a file or nothing, and the second time nothing new."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.commands.imports import import_
from campaign.core import clock
from campaign.core.audit import AuditEntry
from campaign.core.settings import Settings
from campaign.directory.imports.apply_import import import_entries
from campaign.directory.imports.read_officials import read_popolo
from campaign.models.directory import ContactDetail, Directory, Mission, Official
from tests.factories import make_target_mission
from tests.mission_tables import read_csv

CSV = """operator;jurisdictions;country;city;address;phone;email;website;type;QID;
Mexico;Canada|Bahamas;Canada;Ottawa;;+1 613 555 0100;mailto:post@example.org;;embassy;Q1;
Mexico;;Canada;Toronto;;;;;consulate general;Q2;
Kenya;;Italy;Rome;;;;;embassy;Q3;
Kenya;;Italy;Rome;;;;;embassy;;
"""
BAD = CSV + "Atlantis;;Canada;Ottawa;;;;;embassy;Q9;\n"
POPOLO: dict[str, Any] = {
    "persons": [
        {"id": "1", "name": "Wanjiru Otieno", "email": "w@example.org"},
        {"id": "2", "name": "Wanjiru Otieno"},
        {"id": "3", "name": "Ben Kiptoo"},
    ],
    "memberships": [{"person_id": "3", "role": "minister"}],
}
DATA = Path(__file__).parents[4] / "shared" / "data"


def real(name: str) -> Path:
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"the real file {name} is not beside this checkout")
    return path


def counts(session: Session, text: str, **options: Any) -> tuple[int, int, int]:
    report = import_entries(session, Directory.MISSIONS, read_csv(text), actor="command", **options)
    session.flush()
    session.expire_all()
    return report.added, report.changed, report.left


def test_the_second_import_changes_nothing(session: Session) -> None:
    assert counts(session, CSV) == (4, 0, 0)
    slugs = sorted(session.scalars(select(Mission.slug)))
    assert slugs == ["kenya-rome", "kenya-rome-2", "mexico-ottawa", "mexico-toronto-consulate"]
    assert session.scalar(select(func.count(ContactDetail.id))) == 2
    assert counts(session, CSV) == (0, 0, 4)
    assert session.scalar(select(func.count(ContactDetail.id))) == 2
    imports = session.scalar(
        select(func.count(AuditEntry.id)).where(AuditEntry.action == "missions.import")
    )
    assert imports == 1


def test_a_mission_that_nobody_checked_follows_its_source(session: Session) -> None:
    counts(session, CSV)
    moved = CSV.replace("+1 613 555 0100", "+1 613 555 0199").replace("Toronto", "Calgary")
    assert counts(session, moved) == (0, 2, 2)
    mission = session.scalar(select(Mission).where(Mission.source_id == "Q2"))
    assert mission is not None
    assert (mission.locality, mission.slug) == ("Calgary", "mexico-toronto-consulate")


def test_what_staff_have_checked_is_only_filled_in(session: Session) -> None:
    counts(session, CSV)
    mission = session.scalar(select(Mission).where(Mission.source_id == "Q1"))
    assert mission is not None
    mission.last_checked_on, mission.head_of_mission = date(2026, 1, 1), ""
    mission.locality, mission.address = "Gatineau", ["9 Checked Road"]
    text = CSV.replace("Ottawa;;", "Ottawa;1 Old Road, Ottawa;").replace("0100", "0111")
    assert counts(session, text) == (0, 0, 4)
    assert (mission.locality, mission.address) == ("Gatineau", ["9 Checked Road"])


def test_a_mission_typed_by_hand_is_recognised_not_doubled(session: Session) -> None:
    session.add(make_target_mission(1, slug="mexico-ottawa", source_id=""))
    session.flush()
    assert counts(session, CSV) == (3, 1, 0)
    mission = session.scalar(select(Mission).where(Mission.slug == "mexico-ottawa"))
    assert mission is not None
    assert (mission.source_id, mission.address[0]) == ("Q1", "100 Sample Street")
    assert counts(session, CSV) == (0, 0, 4)


def test_one_bad_row_stops_the_whole_import_unless_it_is_skipped(session: Session) -> None:
    report = import_entries(session, Directory.MISSIONS, read_csv(BAD), actor="command")
    assert (report.applied, [problem.row for problem in report.problems]) == (False, [6])
    assert session.scalar(select(func.count(Mission.id))) == 0
    assert counts(session, BAD, skip_bad=True) == (4, 0, 0)
    assert session.scalar(select(func.count(Mission.id))) == 4


def test_a_rehearsal_counts_and_writes_nothing(session: Session) -> None:
    assert counts(session, CSV, dry_run=True) == (4, 0, 0)
    assert session.scalar(select(func.count(Mission.id))) == 0


@pytest.mark.both_engines
def test_namesakes_are_kept_apart_and_found_again(session: Session) -> None:
    def run(country: str) -> tuple[int, int, int]:
        report = import_entries(
            session, Directory.OFFICIALS, read_popolo(POPOLO, country), actor="command"
        )
        session.expire_all()
        return report.added, report.changed, report.left

    assert run("KE") == (3, 0, 0)
    assert run("KE") == (0, 0, 3)
    assert run("UG") == (3, 0, 0)
    assert run("UG") == (0, 0, 3)
    assert sorted(session.scalars(select(Official.slug))) == [
        "ben-kiptoo",
        "ben-kiptoo-ug",
        "wanjiru-otieno",
        "wanjiru-otieno-2",
        "wanjiru-otieno-ug",
        "wanjiru-otieno-ug-2",
    ]


@pytest.fixture
def run(app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command, on this test's instance."""
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.instance))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)

    def invoke(*words: str | Path) -> Result:
        return CliRunner().invoke(import_, [str(word) for word in words])

    return invoke


def test_the_command_says_what_it_did(run: Any, tmp_path: Path, session: Session) -> None:
    file = tmp_path / "missions.csv"
    file.write_bytes(b"\xef\xbb\xbf" + CSV.encode())
    rehearsal = run("missions", file, "--dry-run")
    assert rehearsal.exit_code == 0
    assert "Dry run: nothing was written. Missions: 4 added" in rehearsal.stdout
    assert "Missions: 4 added, 0 changed, 0 unchanged." in run("missions", file).stdout
    again = json.loads(run("missions", file, "--json").stdout)
    assert (again["added"], again["changed"], again["left"]) == (0, 0, 4)
    assert session.scalar(select(func.count(Mission.id))) == 4


def test_the_command_names_the_columns_that_it_did_not_read(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "officials.csv"
    file.write_text("name,office,country,shoe size,hobby\nInes Quintero,Governor,Kenya,38,\n")
    assert "the column “shoe size” was not read\n" in run("officials", file).stderr
    again = run("officials", file, "--json")
    assert json.loads(again.stdout)["columns_not_read"] == ["shoe size"]
    assert not again.stderr


def test_the_command_knows_the_languages_of_the_site(
    run: Any, tmp_path: Path, session: Session
) -> None:
    file = tmp_path / "officials.csv"
    file.write_text("name,office,country,language\nInes Quintero,Governor,Kenya,Spanish\n")
    assert run("officials", file).exit_code == 0
    assert session.scalars(select(Official.preferred_locale)).all() == ["es"]


def test_the_commands_day_is_the_instances_own(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between these two zones it is never the same day."""
    file = tmp_path / "missions.csv"
    today = clock.today("Pacific/Kiritimati")
    file.write_text(
        "operator,country,type,city,last_checked_on\n"
        f"Mexico,Canada,embassy,Ottawa,{today.isoformat()}\n"
    )
    for zone, to_come in (("Pacific/Kiritimati", False), ("Etc/GMT+12", True)):
        monkeypatch.setenv("CAMPAIGN_TIMEZONE", zone)
        assert (f"“{today.isoformat()}” cannot be read" in run("missions", file).stderr) == to_come


def test_the_command_names_bad_rows_and_fails(run: Any, tmp_path: Path, session: Session) -> None:
    file = tmp_path / "missions.csv"
    file.write_text(BAD)
    failed = run("missions", file)
    assert failed.exit_code == 1
    assert "row 6: operator: We do not know the country “Atlantis”" in failed.stderr
    assert session.scalar(select(func.count(Mission.id))) == 0
    session.rollback()
    assert run("missions", file, "--skip-bad").exit_code == 0


def test_the_command_asks_for_a_country_that_it_cannot_know(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text(json.dumps(POPOLO))
    wrong = run("officials", file)
    assert wrong.exit_code == 2
    assert "--country" in wrong.stderr
    assert run("officials", file, "--country", "Atlantis").exit_code == 2
    assert "Officials: 3 added" in run("officials", file, "--country", "Kenya").stdout


def test_a_file_that_is_no_json_is_refused_in_one_line(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.json"
    file.write_text("{,")
    failed = run("officials", file)
    assert failed.exit_code == 1
    assert failed.stderr == "Error: The file is not valid JSON. Fix line 1, character 2.\n"


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_seven_thousand_missions_come_in_once(run: Any, session: Session) -> None:
    file = real("database_of_embassies_2021-04-22.csv")
    first = json.loads(run("missions", file, "--skip-bad", "--json").stdout)
    assert first["added"] > 7100
    assert first["added"] + len(first["problems"]) == 7193
    again = json.loads(run("missions", file, "--skip-bad", "--json").stdout)
    assert (again["added"], again["changed"], again["left"]) == (0, 0, first["added"])


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_real_ministrys_list_comes_in(run: Any, session: Session) -> None:
    file = real("irish_embassies.json")
    assert "Missions of Ireland." in run("missions", file).stdout
    items = json.loads(file.read_text())
    listed = sum(1 + len(entry.get("consulates") or []) for entry in items)
    again = json.loads(run("missions", file, "--json").stdout)
    assert (again["added"], again["changed"]) == (0, 0)
    assert again["left"] == listed
    assert session.scalar(select(Mission.head_of_mission).where(Mission.host_country == "MX"))
    consulate = session.scalar(select(Mission).where(Mission.slug == "ireland-new-york-consulate"))
    assert consulate is not None
    assert (consulate.host_country, consulate.postal_code) == ("US", "10154-0037")


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_a_real_parliament_comes_in(run: Any, session: Session) -> None:
    file = real("ep_kenya.json")
    assert "Officials of Kenya." in run("officials", file).stdout
    again = json.loads(run("officials", file, "--json").stdout)
    assert (again["added"], again["changed"]) == (0, 0)
    assert again["left"] == len(json.loads(file.read_text())["persons"])
    official = session.scalar(select(Official).where(Official.slug == "alice-muthoni-wahome"))
    assert official is not None
    assert official.office["en"] == "Member, National Assembly, Kandara"
