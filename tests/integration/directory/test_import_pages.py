"""Bringing a file in at the desk: upload, what the columns mean, dry run, all of it or nothing."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.db.leases import LeasedRow
from campaign.core.errors import Refused
from campaign.core.isolation import run_apart as isolation
from campaign.core.settings import Settings
from campaign.directory.imports import jobs as imports_jobs
from campaign.directory.imports import uploads
from campaign.directory.imports.guess_columns import WHICH
from campaign.models.directory import (
    DirectoryImport,
    ImportRow,
    ImportState,
    Membership,
    Mission,
    Official,
    Verdict,
)
from campaign.models.staff import Role
from tests.factories import make_target_mission, make_target_official, post, sign_in

MISSIONS = """operator;country;type;city;phone;email
Kenya;Canada;embassy;Ottawa;+1 613 555 0100 | +1 613 555 0101;mailto:post@example.org
Ghana;Canada;embassy;Ottawa;;
"""
BAD = MISSIONS + "=HYPERLINK(1);Canada;embassy;Ottawa;;\n"
OFFICIALS = """name;office;country;start;email
Ines Quintero Vidal;Governor of Altamar;Mexico;2024-10-01;new@example.org
Ben Kiptoo;Speaker;Kenya;2020;
"""


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def upload(desk: FlaskClient, text: str | bytes, part: str = "missions") -> Any:
    body = text.encode() if isinstance(text, str) else text
    return post(
        desk,
        f"/desk/{part}/imports",
        {"file": (io.BytesIO(body), "m.csv")},
        content_type="multipart/form-data",
    )


def form_of(page: str) -> dict[str, str]:
    """What the mapping page proposes."""
    mapping: dict[str, str] = {}
    fields = re.findall(r'<select[^>]* name="(\w+)"[^>]*>(.*?)</select>', page, re.DOTALL)
    for name, inside in fields:
        chosen = re.search(r'<option selected value="([^"]*)"', inside)
        mapping[name] = chosen[1] if chosen else ""
    return mapping | dict.fromkeys(re.findall(r'type="hidden" name="(column_\d+)"', page), "")


def rehearsed(desk: FlaskClient, session: Session, text: str, part: str, **change: str) -> str:
    """The address of a dry run of that file, mapped as proposed."""
    where = upload(desk, text, part).headers["Location"]
    data = form_of(desk.get(where).get_data(as_text=True)) | change
    where = post(desk, where, data).headers["Location"]
    work(desk, session, "officials.rehearse-import")
    return where


def work(desk: FlaskClient, session: Session, job: str) -> None:
    session.rollback()
    newest = session.scalar(select(func.max(DirectoryImport.id)))
    session.rollback()
    assert newest is not None
    jobs.run_now(job, newest)


def newest(session: Session) -> DirectoryImport:
    session.rollback()
    session.expire_all()
    latest = session.scalars(select(DirectoryImport).order_by(DirectoryImport.id.desc())).first()
    assert latest is not None
    return latest


def test_the_preview_names_the_columns_that_are_not_read(
    desk: FlaskClient, session: Session
) -> None:
    file = "name;country;shoe size;hobby;fax\nInes Quintero;Kenya;38;;613 555 0100\n"
    where = rehearsed(desk, session, file, "officials", column_4="")
    line = "<p>Columns not read: <bdi>shoe size</bdi>, <bdi>fax</bdi></p>"
    assert line in desk.get(where).text, "what is empty is no loss"
    post(desk, f"{where}/apply")
    work(desk, session, "officials.apply-import")
    assert line in desk.get(where).text


def test_the_preview_shows_the_salutation_that_is_made_of_a_name(
    desk: FlaskClient, session: Session
) -> None:
    where = rehearsed(desk, session, "name;country\n(Vacant);Kenya\n", "officials")
    assert "Dear (Vacant):" in desk.get(where).text


def test_a_file_is_mapped_rehearsed_and_imported(desk: FlaskClient, session: Session) -> None:
    session.add(
        make_target_mission(1, slug="ghana-ottawa", sending_country="GH", locality="Ottawa")
    )
    session.commit()
    response = upload(desk, MISSIONS)
    assert response.status_code == 303
    page = desk.get(response.headers["Location"]).get_data(as_text=True)
    assert "mailto:post@example.org" in page  # a sample
    assert form_of(page) == {
        "column_0": "sending_country",
        "column_1": "host_country",
        "column_2": "kind",
        "column_3": "locality",
        "column_4": "voice",
        "column_5": "email",
        "encoding": "utf-8",
        "head": "1",
        "fixed_sending_country": "",
        "fixed_host_country": "",
        "fixed_kind": "",
    }
    where = post(desk, response.headers["Location"], form_of(page)).headers["Location"]
    assert "Comparing the file" in desk.get(where).get_data(as_text=True)
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts == {"added": 1, "changed": 1, "left": 0, "refused": 0}
    assert "Embassy of Kenya in Ottawa" in desk.get(f"{where}?show=added").get_data(as_text=True)
    assert session.scalar(select(func.count(Mission.id))) == 1  # nothing yet
    key = newest(session).storage_key
    session.rollback()
    assert post(desk, f"{where}/apply").status_code == 303
    work(desk, session, "officials.apply-import")
    assert (newest(session).state, newest(session).storage_key) == (ImportState.APPLIED, "")
    assert "File imported" in desk.get(where).get_data(as_text=True)
    added = session.scalar(select(Mission).where(Mission.slug == "kenya-ottawa"))
    assert added is not None
    assert [contact.value for contact in added.contacts] == [
        "+1 613 555 0100",
        "+1 613 555 0101",
        "post@example.org",
    ]
    assert "kenya" in added.search.split()
    assert not _file(desk, key).exists()
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "missions.import"))
    assert entry is not None
    assert (entry.actor[:6], entry.detail["added"]) == ("staff:", 1)


@pytest.mark.parametrize(
    ("part", "text", "cells"),
    [
        ("missions", MISSIONS, ("Kenya", "Canada", "Ottawa", "post@example.org")),
        ("officials", OFFICIALS, ("Governor of Altamar", "Mexico", "new@example.org")),
    ],
)
def test_what_would_be_added_shows_what_was_made_of_its_columns(
    desk: FlaskClient, session: Session, part: str, text: str, cells: tuple[str, ...]
) -> None:
    where = rehearsed(desk, session, text, part)
    page = desk.get(f"{where}?show=added").get_data(as_text=True)
    assert all(f"<td><bdi>{cell}</bdi></td>" in page for cell in cells)


def test_a_row_that_is_left_says_why_and_has_no_page_where_nobody_is_kept(
    desk: FlaskClient, session: Session
) -> None:
    text = "name;office;country;start;end\nBen Kiptoo;Speaker;Kenya;2020;2021-05-04\n"
    where = rehearsed(desk, session, text, "officials")
    page = desk.get(f"{where}?show=left").get_data(as_text=True)
    assert "Former office: Speaker. Left office on 4 May 2021, so not added" in page
    assert "<td><bdi>Ben Kiptoo</bdi></td>" in page
    assert ">1 not added</a>" in page
    assert "The directory already has everything in this file." not in page


def _file(desk: FlaskClient, key: str) -> Any:
    settings: Settings = desk.application.extensions["settings"]
    return settings.files_folder / key


def test_refused_rows_stop_all_until_they_are_left_out(desk: FlaskClient, session: Session) -> None:
    where = rehearsed(desk, session, BAD, "missions")
    page = desk.get(where).get_data(as_text=True)
    assert "We do not know the country" in page
    assert "<td><bdi>operator</bdi></td>" in page  # as the file calls it
    table = desk.get(f"{where}/refused.csv")
    assert "operator" in table.get_data(as_text=True)
    cells = re.split(r"[,\r\n]+", table.get_data(as_text=True).lstrip("\ufeff"))
    assert not any(cell.strip('"').startswith(tuple("=+-@")) for cell in cells)
    post(desk, f"{where}/apply")
    assert newest(session).state is ImportState.READY
    post(desk, f"{where}/apply", {"skip_bad": "1"})
    work(desk, session, "officials.apply-import")
    assert session.scalar(select(func.count(Mission.id))) == 2


def test_old_and_new_stand_side_by_side_and_the_post_is_noted(
    desk: FlaskClient, session: Session
) -> None:
    official = make_target_official(
        slug="ines-quintero-vidal", name="Ines Quintero Vidal", office={"en": "Mayor of Altamar"}
    )
    session.add(official)
    session.commit()
    where = rehearsed(desk, session, OFFICIALS, "officials", replace="y")
    page = desk.get(f"{where}?show=changed").get_data(as_text=True)
    assert "en: Mayor of Altamar" in page
    assert "en: Governor of Altamar" in page
    assert "(1 Oct 2024–…)" in page
    assert "2024-10-01" not in page
    post(desk, f"{where}/apply")
    work(desk, session, "officials.apply-import")
    session.expire_all()
    assert session.scalars(select(Official.name).order_by(Official.name)).all() == [
        "Ben Kiptoo",
        "Ines Quintero Vidal",
    ]
    days = session.scalars(select(Membership.started_on).order_by(Membership.started_on)).all()
    assert [day.isoformat() for day in days if day] == ["2020-01-01", "2024-10-01"]


def test_what_changed_since_the_dry_run_is_shown_again_instead(
    desk: FlaskClient, session: Session
) -> None:
    where = rehearsed(desk, session, MISSIONS, "missions")
    session.add(
        make_target_mission(1, slug="ghana-ottawa", sending_country="GH", locality="Ottawa")
    )
    session.commit()
    post(desk, f"{where}/apply")
    work(desk, session, "officials.apply-import")
    assert newest(session).counts["again"] == "directory"
    assert session.scalar(select(func.count(Mission.id))) == 1
    assert "changed since then" in desk.get(where).get_data(as_text=True)
    post(desk, f"{where}/apply")
    work(desk, session, "officials.apply-import")
    assert session.scalar(select(func.count(Mission.id))) == 2


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html><body>Sign in</body></html>", "This file is a web page"),
        (b'{"persons": [', "Fix line 1"),
        (b"", "empty"),
    ],
)
def test_what_cannot_be_read_is_said_by_the_field_and_nothing_is_kept(
    desk: FlaskClient, session: Session, body: bytes, message: str
) -> None:
    response = upload(desk, body, "officials")
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert session.scalar(select(func.count(DirectoryImport.id))) == 0


def test_a_file_that_is_far_too_long_is_refused_before_it_is_read(desk: FlaskClient) -> None:
    response = desk.post(
        "/desk/missions/imports",
        data=b"x",
        content_type="multipart/form-data; boundary=x",
        environ_overrides={"CONTENT_LENGTH": str(100 * 1024 * 1024)},
    )
    assert response.status_code == 413
    assert "split" in response.get_data(as_text=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"column_3": "kind"}, "Another column already has this meaning"),
        ({"column_2": ""}, "No column contains this"),
        ({"column_2": "password"}, "Choose one of the answers offered"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_by_its_column(
    desk: FlaskClient, session: Session, change: dict[str, str], message: str
) -> None:
    where = upload(desk, MISSIONS).headers["Location"]
    data = form_of(desk.get(where).get_data(as_text=True)) | change
    response = post(desk, where, data)
    assert response.status_code == 422
    assert message in response.get_data(as_text=True)
    assert newest(session).state is ImportState.UPLOADED


def test_which_country_is_asked_where_no_row_tells(desk: FlaskClient, session: Session) -> None:
    text = MISSIONS.replace("operator;country;", "country;post;")
    where = upload(desk, text).headers["Location"]
    page = desk.get(where).get_data(as_text=True)
    assert "Is row 2 a mission of" in page
    data = form_of(page) | {"fixed_host_country": "CA"}
    assert data["column_0"] == WHICH
    refused = post(desk, where, data)
    assert refused.status_code == 422
    assert "whether this is the sending country" in refused.get_data(as_text=True)
    assert form_of(refused.get_data(as_text=True)) == data  # what was chosen stays
    assert post(desk, where, data | {"column_0": "sending_country"}).status_code == 303
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts["refused"] == 0


def test_columns_chosen_by_hand_are_remembered_for_the_next_file_with_these_heads(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    text = "who;what;land\nInes Quintero;Mayor;Altamar\n"
    where = upload(desk, text, "officials").headers["Location"]
    data = form_of(desk.get(where).get_data(as_text=True))
    (value,) = [name for name in data if name.startswith("value_")]
    data |= {"column_0": "full_name", "column_1": "office:en", value: "MX"}
    post(desk, where, data)
    work(desk, session, "officials.rehearse-import")
    sign_in(desk, app, Role.ADMIN, email="other@example.org")
    page = desk.get(upload(desk, text, "officials").headers["Location"]).get_data(as_text=True)
    assert form_of(page) == data
    assert "last import with the same column names" in page
    other = upload(desk, text.replace("who;", "person;"), "officials").headers["Location"]
    assert "same headings" not in desk.get(other).get_data(as_text=True)


@pytest.mark.both_engines
def test_an_upload_can_be_thrown_away_and_nothing_of_it_is_imported(
    desk: FlaskClient, session: Session
) -> None:
    where = rehearsed(desk, session, MISSIONS, "missions")
    page = post(desk, f"{where}/discard", follow_redirects=True).get_data(as_text=True)
    assert "Nothing was imported" in page
    session.rollback()
    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "imports.discard"
    assert session.scalar(select(func.count(Mission.id))) == 0
    assert desk.get(where).status_code == 404


@pytest.mark.both_engines
def test_an_upload_is_sealed_its_owners_alone_and_expires(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    where = rehearsed(desk, session, MISSIONS, "missions")
    kept = newest(session)
    assert b"post@example.org" not in _file(desk, kept.storage_key).read_bytes()
    raw = session.connection().exec_driver_sql("SELECT detail FROM directory_import_row").fetchall()
    assert raw
    assert not any(b"Kenya" in bytes(row[0]) for row in raw)
    session.rollback()
    other = app.test_client()
    sign_in(other, app, Role.ADMIN)
    missing = other.get("/desk/missions/imports/nothing")
    for path in ("", "/mapping", "/refused.csv"):
        response = other.get(f"{where}{path}")
        assert (response.status_code, response.data) == (404, missing.data)
    assert post(other, f"{where}/apply").status_code == 404
    assert desk.get(f"{where}/apply").status_code in {404, 405}
    kept = newest(session)
    key = kept.storage_key
    kept.expires_at = db.utcnow() - timedelta(seconds=1)
    session.commit()
    assert desk.get(where).status_code == 404
    jobs.run_now("officials.tend-imports")
    assert not _file(desk, key).exists()
    assert session.scalar(select(func.count(ImportRow.id))) == 0


def test_a_run_that_a_worker_left_behind_is_taken_up_again(
    desk: FlaskClient, session: Session
) -> None:
    where = upload(desk, MISSIONS).headers["Location"]
    post(desk, where, form_of(desk.get(where).get_data(as_text=True)))
    kept = newest(session)
    kept.lease_until = db.utcnow() + timedelta(minutes=5)
    session.commit()
    jobs.run_now("officials.rehearse-import", kept.id)  # somebody else has it
    assert newest(session).state is ImportState.REHEARSING
    kept = newest(session)
    kept.lease_until = db.utcnow() - timedelta(minutes=5)
    session.commit()
    jobs.run_now("officials.tend-imports")
    assert newest(session).state is ImportState.READY
    counts = select(func.count(ImportRow.id)).where(ImportRow.verdict == Verdict.ADDED)
    assert session.scalar(counts) == 2


@pytest.mark.both_engines
def test_a_run_that_was_silent_does_not_end_the_next_one(
    desk: FlaskClient, session: Session
) -> None:
    where = upload(desk, MISSIONS).headers["Location"]
    mapping = form_of(desk.get(where).get_data(as_text=True))
    post(desk, where, mapping)
    import_id = newest(session).id
    session.rollback()

    def claim() -> LeasedRow:
        with db.transaction() as own:
            row = imports_jobs._REHEARSALS.claim(own, import_id)
        assert row is not None
        return row

    silent = claim()
    newest(session).lease_until = None  # it is taken for dead
    session.commit()
    imports_jobs._fail(imports_jobs._REHEARSALS, claim(), imports_jobs._BROKEN)
    assert newest(session).state is ImportState.FAILED
    session.rollback()
    assert post(desk, where, mapping).status_code == 303
    kept = newest(session)
    session.rollback()
    imports_jobs._rehearse(kept, silent)
    assert newest(session).state is ImportState.REHEARSING
    session.rollback()
    jobs.run_now("officials.rehearse-import", import_id)
    assert newest(session).state is ImportState.READY


def test_a_run_that_ends_late_changes_nothing(desk: FlaskClient, session: Session) -> None:
    where = rehearsed(desk, session, MISSIONS, "missions")
    kept = newest(session)
    session.rollback()
    imports_jobs._apply(kept, LeasedRow(kept.id, 0))
    assert newest(session).state is ImportState.READY
    session.rollback()
    assert post(desk, f"{where}/apply").status_code == 303
    imports_jobs._rehearse(kept, LeasedRow(kept.id, 0))
    assert newest(session).state is ImportState.APPLYING


@pytest.mark.both_engines
def test_a_form_that_was_read_slowly_does_not_undo_what_was_done_meanwhile(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    """It waits to have the file read; meanwhile the import of the quicker one runs."""
    upload(desk, MISSIONS)
    import_id = session.scalars(select(DirectoryImport.id)).one()
    session.rollback()
    has_read = Event()

    def ask() -> None:
        with app.test_request_context(method="POST"):
            kept = db.session().get_one(DirectoryImport, import_id)
            has_read.set()
            choices = uploads.choices_of(kept)
            imports_jobs.ask_rehearsal(db.session(), kept=kept, choices=choices, actor="staff:1")

    with ThreadPoolExecutor(1) as pool:
        with ExitStack() as places:
            for _ in range(2):
                places.enter_context(isolation._AT_ONCE)
            asking = pool.submit(ask)
            assert has_read.wait(30)
            with app.app_context(), db.transaction() as other:
                db.update_row(other, DirectoryImport, import_id, state=ImportState.APPLYING)
        with pytest.raises(Refused, match="import-busy"):
            asking.result(timeout=30)
    assert session.get_one(DirectoryImport, import_id).state is ImportState.APPLYING
