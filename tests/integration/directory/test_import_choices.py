"""What the mapping page asks of odd files, what is left out, refused rows again, and undoing."""

import io
import json
import re
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import Workbook
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.directory.imports.apply_import import revert_import
from campaign.models.campaign import CampaignStatus, Target, TargetKind
from campaign.models.directory import ContactDetail, ImportState, Mission, Official, Verdict
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_mission, make_target_official, post, sign_in
from tests.integration.directory.test_import_pages import (
    MISSIONS,
    form_of,
    newest,
    rehearsed,
    upload,
    work,
)

POPOLO = {
    "persons": [
        {
            "id": "1",
            "name": "Wanjiru Otieno",
            "other_names": [{"lang": code, "name": "W"} for code in ("bar", "sco", "sh", "fr")],
        }
    ],
    "areas": [{"id": "ocd-division/country:ke", "name": "Kenya"}],
    "memberships": [{"person_id": "1", "role": "member"}],
}

# Added without a part of it, changed, as it is, refused.
EVERY_VERDICT_OF_MISSIONS = """operator;country;type;city;phone
Kenya;Canada;embassy;Ottawa;nonsense
Ghana;Canada;embassy;Ottawa;613 555 0177
Peru;Canada;embassy;Ottawa;
Atlantis;Canada;embassy;Ottawa;
"""
# The same, and before the last somebody who has left office.
EVERY_VERDICT_OF_OFFICIALS = """name;office;country;given name;phone;end
Ben Kiptoo;Speaker;Kenya;;nonsense;
Ines Quintero Vidal;Mayor of Altamar;Mexico;Ines;;
Rosa Ek;Judge;Mexico;;;
Otto Ek;Judge;Mexico;;;2021-05-04
Wanjiru Otieno;Judge;Atlantis;;;
"""


@pytest.fixture
def desk(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def page_of(desk: FlaskClient, address: str) -> str:
    answer = desk.get(address)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def imported(desk: FlaskClient, session: Session, where: str, **data: str) -> None:
    post(desk, f"{where}/apply", data)
    work(desk, session, "officials.apply-import")
    assert newest(session).state is ImportState.APPLIED
    session.rollback()


def test_names_in_languages_that_nobody_has_heard_of_break_no_page(
    desk: FlaskClient, session: Session
) -> None:
    where = upload(desk, json.dumps(POPOLO), "officials").headers["Location"]
    page = page_of(desk, where)
    # Only languages of this site are offered for envelopes.
    offered = re.findall(r'<option[^>]* value="(\w+)"', page.partition('id="language"')[2][:600])
    assert offered[:2] == ["en", "fr"]
    assert "bar" not in offered
    assert "Delete the file" in page_of(desk, "/desk/officials/imports")


def test_what_cannot_be_read_is_left_out_and_listed(desk: FlaskClient, session: Session) -> None:
    text = MISSIONS.replace("+1 613 555 0100 |", "8521-0306 F / nonsense |")
    where = rehearsed(desk, session, text, "missions")
    counts = newest(session).counts
    assert (counts["added"], counts["refused"], counts["partly"]) == (2, 0, 1)
    page = page_of(desk, where)
    assert "Part of 1 row left out" in page
    listed = page_of(desk, f"{where}?show=partly")
    assert "<td><bdi>phone</bdi></td><td><bdi>nonsense</bdi></td>" in listed
    imported(desk, session, where)
    kept = session.execute(select(ContactDetail.type, ContactDetail.value)).all()
    assert ("fax", "8521-0306") in [tuple(row) for row in kept]


def test_the_language_of_an_official_is_shown_and_what_it_is_where_none_was_read(
    desk: FlaskClient, session: Session
) -> None:
    text = "name;country;language;phone\nBen Kiptoo;Kenya;fr;\nRosa Ek;Mexico;Mayan;nonsense\n"
    where = rehearsed(desk, session, text, "officials")
    page = page_of(desk, f"{where}?show=added")
    assert '<th scope="col">Preferred language</th>' in page
    assert re.findall(r"<bdi>(French|English|Mayan|fr|en)</bdi>", page) == ["French", "English"]
    sentence = "If the language of a new official is left out, their preferred language is English."
    assert sentence in page_of(desk, f"{where}?show=partly")
    other = rehearsed(desk, session, text, "officials", column_2="")
    assert "Preferred language" not in page_of(desk, f"{other}?show=added")
    assert sentence not in page_of(desk, f"{other}?show=partly")


@pytest.mark.parametrize(
    ("part", "text"),
    [("missions", EVERY_VERDICT_OF_MISSIONS), ("officials", EVERY_VERDICT_OF_OFFICIALS)],
)
def test_rows_of_every_verdict_are_shown_before_and_after_an_import_and_its_undo(
    desk: FlaskClient, session: Session, part: str, text: str
) -> None:
    ines = make_target_official(
        slug="ines-quintero-vidal", name="Ines Quintero Vidal", office={"en": "Mayor of Altamar"}
    )
    ines.given_name = ""
    rosa = make_target_official(slug="rosa-ek", name="Rosa Ek", office={"en": "Judge"})
    session.add_all([ines, rosa])
    for at, (slug, country) in enumerate((("ghana-ottawa", "GH"), ("peru-ottawa", "PE"))):
        mission = make_target_mission(at, slug=slug, sending_country=country, locality="Ottawa")
        mission.source_id = slug
        session.add(mission)
    session.commit()
    where = rehearsed(desk, session, text, part)
    counts = newest(session).counts
    session.rollback()
    assert all(counts[verdict.value] for verdict in Verdict), counts
    assert counts["partly"] == 1
    filters = ["", *(f"?show={choice}" for choice in (*Verdict, "partly"))]
    for choice in filters:
        page_of(desk, where + choice)
    assert "The directory already has this." in page_of(desk, f"{where}?show=left")
    imported(desk, session, where, skip_bad="1")
    for choice in filters:
        page_of(desk, where + choice)
    heads = re.findall(r'<th scope="col">([^<]*)</th>', page_of(desk, f"{where}?show=changed"))
    assert heads[-2:] == ["Before the import", "Now"]
    post(desk, f"{where}/undo")
    for choice in filters:
        page_of(desk, where + choice)
    undone = page_of(desk, f"{where}?show=left")
    assert "Why we kept it" not in undone
    assert "The directory already has this." in undone


@pytest.mark.parametrize(
    ("part", "text", "field", "ours", "theirs"),
    [
        (
            "officials",
            """name;office;country;street;town;postal code
Rosa Ek;Judge;Mexico;Ragati Road 5;Altamar;99999
""",
            "Full address",
            "Plaza Principal 1, Altamar, 97000",
            "Ragati Road 5, Altamar, 99999",
        ),
        (
            "missions",
            """operator;country;type;city;address;phone
Ghana;Canada;embassy;Ottawa;99 Rideau Street;613 555 0177
""",
            "Phone",
            "613 555 0100",
            "613 555 0177",
        ),
    ],
)
def test_where_the_file_differs_the_preview_says_so_and_what_stays(
    desk: FlaskClient, session: Session, part: str, text: str, field: str, ours: str, theirs: str
) -> None:
    session.add(make_target_official(slug="rosa-ek", name="Rosa Ek", office={"en": "Judge"}))
    mission = make_target_mission(sending_country="GH", locality="Ottawa")
    mission.last_checked_on = date(2026, 1, 1)
    mission.source_id = "GH-embassy-CA-ottawa"
    mission.contacts = [ContactDetail(type="voice", value="613 555 0100", note="")]
    session.add(mission)
    session.commit()
    where = rehearsed(desk, session, text, part)
    page = page_of(desk, f"{where}?show=left")
    assert "already has" not in page
    assert "In 1 row the file differs from the directory." in page
    assert "The rows below say why." in page
    line = rf"<li>{field}: <bdi>{ours}</bdi><br><span[^>]*>in the file:</span> <bdi>{theirs}</bdi>"
    assert re.search(line, page), page
    assert "Full address" in page


def test_an_email_that_is_added_is_shown_beside_the_one_that_stays(
    desk: FlaskClient, session: Session
) -> None:
    rosa = make_target_official(slug="rosa-ek", name="Rosa Ek", office={"en": "Judge"})
    rosa.contacts = [ContactDetail(type="email", value="first@example.org", note="")]
    session.add(rosa)
    session.commit()
    text = "name;office;country;email;street\nRosa Ek;Judge;Mexico;new@example.org;Ragati Road 5\n"
    page = page_of(desk, rehearsed(desk, session, text, "officials"))
    assert "<td><bdi>first@example.org</bdi></td><td><bdi>first@example.org, new@exam" in page
    assert "unchanged, but the file has:" in page


def test_a_file_that_changes_nothing_says_so(desk: FlaskClient, session: Session) -> None:
    imported(desk, session, rehearsed(desk, session, MISSIONS, "missions"))
    page = page_of(desk, rehearsed(desk, session, MISSIONS, "missions"))
    assert "The directory already has everything in this file." in page
    assert page.count("The directory already has this.") == 2


def test_of_several_lists_those_are_read_that_were_chosen(
    desk: FlaskClient, session: Session
) -> None:
    row = {"operator": "Kenya", "country": "Canada", "city": "Ottawa", "type": "embassy"}
    data = {"Embassies": [row], "Offices": [row | {"city": "Hull"}, row | {"city": "Banff"}]}
    where = upload(desk, json.dumps(data)).headers["Location"]
    page = page_of(desk, where)
    assert "Offices (2)" in page
    form: dict[str, Any] = form_of(page)
    form["lists"] = ["Offices"]
    where = post(desk, where, form).headers["Location"]
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts["added"] == 2


@pytest.mark.both_engines
def test_another_encoding_is_looked_at_before_it_is_chosen(
    desk: FlaskClient, session: Session
) -> None:
    text = "الاسم;المنصب;البلد\nمحمد السيد;وزير العدل;مصر\nسارة الحسن;وزيرة;لبنان\n"
    where = upload(desk, text.encode("cp1256"), "officials").headers["Location"]
    page = page_of(desk, where)
    assert "Windows-1256 (Arabic): الاسم" in page  # as it reads so
    assert form_of(page)["encoding"] == "windows-1256"
    wrong = page_of(desk, f"{where}?encoding=windows-1252")
    assert "ÇáÇÓã" in wrong
    assert newest(session).options["encoding"] == ""  # a look changes nothing
    impossible = desk.get(f"{where}?encoding=utf-8")
    assert "not in UTF-8" in impossible.get_data(as_text=True)
    where = post(desk, where, form_of(page)).headers["Location"]
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts["added"] == 2


def test_a_sheet_of_a_workbook_with_a_title_is_read(desk: FlaskClient, session: Session) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["Notes"])
    sheet = book.create_sheet("List")
    rows = [["Diplomatic list"], ["operator", "country", "type"], ["Kenya", "Canada", "embassy"]]
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    where = upload(desk, out.getvalue()).headers["Location"]
    page = page_of(desk, f"{where}?sheet=List&head=2")
    form = form_of(page)
    assert (form["column_0"], form["sheet"], form["head"]) == ("sending_country", "List", "2")
    where = post(desk, where, form).headers["Location"]
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts["added"] == 1


@pytest.mark.both_engines
def test_texts_that_are_no_country_are_chosen_once_for_all_their_rows(
    desk: FlaskClient, session: Session
) -> None:
    text = MISSIONS.replace("Kenya", "Atlantis").replace(
        "Ghana;Canada;embassy", "Atlantis;Canada;consulate"
    )
    where = upload(desk, text).headers["Location"]
    page = page_of(desk, where)
    assert "We do not know 1 country" in page
    form = form_of(page)
    (asked,) = (name for name in form if name.startswith("value_"))
    # Another column means a country now: its texts are asked for before anything is done.
    other = form | {"column_1": "", "column_3": "host_country", "fixed_host_country": "CA"}
    assert post(desk, where, other).status_code == 422
    assert newest(session).state is ImportState.UPLOADED
    where = post(desk, where, form | {asked: "XM"}).headers["Location"]
    work(desk, session, "officials.rehearse-import")
    assert newest(session).counts["added"] == 2
    assert "Sovereign Order of Malta" in page_of(desk, f"{where}?show=added")


@pytest.mark.both_engines
def test_refused_rows_come_back_to_be_mended_and_uploaded_again(
    desk: FlaskClient, session: Session
) -> None:
    file = MISSIONS.replace("Ghana", "Atlantis").replace(",", ";")
    where = rehearsed(desk, session, file, "missions")
    imported(desk, session, where, skip_bad="1")
    refused = desk.get(f"{where}/refused.csv").get_data(as_text=True)
    lines = refused.lstrip("\ufeff").splitlines()
    assert lines[0] == "# Row;# What to fix;operator;country;type;city;phone;email"
    assert lines[1].startswith("3;operator: We do not know the country “Atlantis”")
    assert lines[1].endswith(";Atlantis;Canada;embassy;Ottawa;;")
    again = rehearsed(desk, session, refused.replace("Atlantis;Canada", "Ghana;Canada"), "missions")
    assert newest(session).counts["added"] == 1
    assert "Embassy of Ghana" in page_of(desk, f"{again}?show=added")


def test_many_of_an_office_for_one_are_told(desk: FlaskClient, session: Session) -> None:
    people = "".join(f"Person {at};President of Mexico;Mexico\n" for at in range(4))
    where = rehearsed(desk, session, f"name;office;country\n{people}", "officials")
    assert "4 people hold President of Mexico" in page_of(desk, where)


def test_a_sample_file_is_read_as_it_is(desk: FlaskClient, session: Session) -> None:
    for part in ("missions", "officials"):
        sample = desk.get(f"/desk/{part}/imports/sample.csv").data
        where = upload(desk, sample, part).headers["Location"]
        form = form_of(page_of(desk, where))
        assert all(form[name] for name in form if name.startswith("column_"))
        post(desk, where, form)
        work(desk, session, "officials.rehearse-import")
        counts = newest(session).counts
        assert (counts["added"], counts["refused"], counts.get("partly")) == (2, 0, None)


def test_an_import_is_undone_and_what_is_used_or_edited_stays(
    desk: FlaskClient, session: Session
) -> None:
    ghana = make_target_mission(1, slug="ghana-ottawa", sending_country="GH", locality="Ottawa")
    ghana.contacts = [ContactDetail(type="email", value="old@example.org")]
    session.add(ghana)
    session.commit()
    text = MISSIONS + "Peru;Canada;embassy;Ottawa;;\nChile;Canada;embassy;Ottawa;;\n"
    text = text.replace(
        "Ghana;Canada;embassy;Ottawa;;", "Ghana;Canada;embassy;Ottawa;613 555 0177;"
    )
    where = rehearsed(desk, session, text, "missions")
    assert post(desk, f"{where}/undo", follow_redirects=True).status_code == 200
    assert newest(session).state is ImportState.READY  # there is nothing to undo yet
    session.rollback()
    imported(desk, session, where)
    assert newest(session).expires_at > db.utcnow() + timedelta(days=29)
    chile = session.scalars(select(Mission).where(Mission.slug == "chile-ottawa")).one()
    campaign = make_campaign(session)
    official = make_target_official(slug="somebody-else")
    session.add(official)
    session.flush()
    session.add(
        Target(
            campaign_id=campaign.id,
            official_id=official.id,
            mission_id=chile.id,
            kind=TargetKind.TO,
            position=9,
        )
    )
    session.commit()
    form = _edit_form(page_of(desk, "/desk/missions/peru-ottawa"))
    assert post(desk, "/desk/missions/peru-ottawa", form | {"hours": "9 to 12"}).status_code == 303
    assert "Undo this import" in page_of(desk, where)
    post(desk, f"{where}/undo")
    session.rollback()
    session.expire_all()
    slugs = session.scalars(select(Mission.slug).order_by(Mission.slug)).all()
    assert {"chile-ottawa", "ghana-ottawa", "peru-ottawa"} <= set(slugs)
    assert "kenya-ottawa" not in slugs
    ghana = session.scalars(select(Mission).where(Mission.slug == "ghana-ottawa")).one()
    assert ([contact.value for contact in ghana.contacts], ghana.source_id) == (
        ["old@example.org"],
        "",
    )
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "imports.undo"))
    assert entry is not None
    assert {name: entry.detail[name] for name in ("removed", "restored", "stays")} == {
        "removed": 1,
        "restored": 1,
        "stays": 2,
    }
    page = page_of(desk, f"{where}?show=added")
    assert "We kept 2 entries" in page
    assert "A campaign or something else uses it" in page
    assert "Someone has edited or checked it since" in page
    assert session.scalar(select(func.count(ContactDetail.id))) == 1


def test_missions_without_names_have_one_in_the_readers_language(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    before = {"en": "Embassy of Ghana in Ottawa"}  # as older versions called it
    session.add(make_target_mission(1, sending_country="GH", locality="Ottawa", name=before))
    session.commit()
    sign_in(client, app, Role.ORGANIZER, locale="fr")
    where = rehearsed(client, session, MISSIONS, "missions")
    kenya = "Ambassade\u00a0: Kenya, Ottawa"
    assert f"<bdi>{kenya}</bdi>" in page_of(client, f"{where}?show=added")
    imported(client, session, where)
    assert kenya in page_of(client, "/desk/missions?q=ambassade")
    assert before["en"] in page_of(client, "/desk/missions?q=ghana"), "it had a name"
    again = rehearsed(client, session, MISSIONS, "missions")
    assert newest(session).counts["left"] == 2, "each is found again, and nothing is new"
    assert f"<bdi>{kenya}</bdi>" in page_of(client, f"{again}?show=left")
    post(client, f"{again}/discard")
    session.rollback()
    post(client, f"{where}/undo")
    session.expire_all()
    assert session.scalars(select(Mission.name)).all() == [before]


@pytest.mark.both_engines
def test_an_undo_counts_what_it_deletes_and_not_what_was_deleted_before(
    desk: FlaskClient, session: Session
) -> None:
    where = rehearsed(desk, session, MISSIONS, "missions")
    imported(desk, session, where)
    session.delete(session.scalars(select(Mission).where(Mission.slug == "ghana-ottawa")).one())
    session.commit()
    post(desk, f"{where}/undo")
    assert newest(session).counts["undone"] == {"removed": 1, "restored": 0}
    assert "1 entry deleted." in page_of(desk, where)


def test_an_undo_asks_the_database_by_the_chunk_and_not_by_the_row(
    app: Flask, desk: FlaskClient, session: Session
) -> None:
    text = MISSIONS + "".join(f"Peru;Canada;consulate;Town {at};;\n" for at in range(200))
    imported(desk, session, rehearsed(desk, session, text, "missions"))
    asked: list[str] = []

    def note(_c: Any, _u: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    engine = app.extensions["database"].engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        report = revert_import(session, kept=newest(session), actor="staff:1")
    finally:
        event.remove(engine, "before_cursor_execute", note)
    assert report["removed"] > 190
    assert len(asked) < 60


@pytest.mark.both_engines
def test_an_undo_sets_back_what_an_import_replaced_unless_it_was_changed_since(
    desk: FlaskClient, session: Session
) -> None:
    official = make_target_official(
        slug="ines-quintero-vidal", name="Ines Quintero Vidal", office={"en": "Mayor of Altamar"}
    )
    official.given_name, official.locality = "", ""
    session.add(official)
    session.commit()
    text = "name;given name;office;country;street;city;start\n"
    text += "Ines Quintero Vidal;Ines;Governor of Altamar;Mexico;Calle 1;Altamar;2024-10-01\n"
    where = rehearsed(desk, session, text, "officials", replace="y")
    imported(desk, session, where)
    session.expire_all()
    mine = session.scalars(select(Official).where(Official.slug == "ines-quintero-vidal")).one()
    assert (mine.office["en"], mine.given_name, len(mine.memberships)) == (
        "Governor of Altamar",
        "Ines",
        1,
    )
    mine.locality = "Elsewhere"
    session.commit()
    post(desk, f"{where}/undo")
    session.rollback()
    session.expire_all()
    mine = session.scalars(select(Official).where(Official.slug == "ines-quintero-vidal")).one()
    assert (mine.office["en"], mine.given_name, mine.locality, len(mine.memberships)) == (
        "Mayor of Altamar",
        "",
        "Elsewhere",
        0,
    )
    assert "We undid only the rest" in page_of(desk, f"{where}?show=changed")


def _edit_form(page: str) -> dict[str, str]:
    fields = form_of(page)
    for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page):
        fields.setdefault(name, value)
    for name, text in re.findall(
        r'<textarea[^>]* name="(\w+)"[^>]*>\s*(.*?)</textarea>', page, re.DOTALL
    ):
        fields[name] = text
    return fields


@pytest.mark.parametrize("status", [CampaignStatus.OPEN, CampaignStatus.SCHEDULED])
def test_an_undo_takes_no_form_of_address_that_letters_need(
    desk: FlaskClient, session: Session, status: CampaignStatus
) -> None:
    campaign = make_campaign(session, status=status)
    official = campaign.targets[0].official
    official.slug = "ines-quintero-vidal"  # as an import recognizes it
    official.close = {"fr": "Respectueusement,", "es": "Atentamente,"}
    session.commit()
    text = f"name;office;country;close\n{official.name};Governor of Altamar;Mexico;Yours sincerely,"
    where = rehearsed(desk, session, f"{text}\n", "officials", column_3="close:en")
    imported(desk, session, where)
    session.expire_all()
    assert official.close["en"] == "Yours sincerely,"
    session.rollback()
    post(desk, f"{where}/undo")
    session.expire_all()
    assert official.close["en"] == "Yours sincerely,"
    assert "A campaign or something else uses it." in page_of(desk, f"{where}?show=changed")
