"""What stands in an export, in each of its forms."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import date, time
from typing import Any
from zipfile import ZipFile

import openpyxl
import pyrage
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.core import clock, db, jobs
from campaign.core.errors import Refused
from campaign.exports import export_job, export_rules, records, write_file
from campaign.exports.write_file import HEADS
from campaign.models.bundle import Bundle, DeliveryAttempt, DeliveryOutcome, TakenLetters
from campaign.models.campaign import Campaign, Target
from campaign.models.delivery import LetterMove
from campaign.models.export import DataExport, ExportFormat, ExportKind, ExportState
from campaign.models.signature import Disclosure, Letter, Origin, Signature, SignatureState
from campaign.web import spreadsheets
from tests import days
from tests.factories import add_confirmed, make_target_official, post
from tests.integration.bundles.conftest import freeze, print_bundle  # noqa: F401 — fixtures
from tests.integration.exports.conftest import EVIL, REASON, Ask, Scene

MakeFile = Callable[[int], bytes]


def rows_of(data: bytes) -> tuple[str, list[dict[str, str]]]:
    """The mark, and the rows of a CSV file in English, by the names of the columns."""
    lines = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    names = {str(words): name for name, words in HEADS.items()}
    heads = [names[head] for head in lines[1]]
    return lines[0][0], [dict(zip(heads, row, strict=True)) for row in lines[2:]]


def test_the_list_for_vetting_holds_who_is_judged_and_nobody_else(
    ask: Ask, make_file: MakeFile
) -> None:
    mark, rows = rows_of(make_file(ask()))
    assert [row["state"] for row in rows] == [
        "Confirmed",
        "Confirmed",
        "Confirmed",
        "Under review",
        "Rejected",
        "Excluded",
    ]
    assert rows[0]["given_name"] == "Planted0"
    assert "@" in rows[0]["email"]
    for fact in ("Export: 1", "Ada Asker", REASON, "List: For vetting", "no approval was needed"):
        assert fact in mark
    assert mark.startswith("# ")


def test_of_who_signed_on_paper_the_list_has_the_day_of_signing_alone(
    session: Session, ask: Ask, make_file: MakeFile
) -> None:
    zone = "America/Toronto"
    session.execute(update(Campaign).values(timezone=zone))
    noon = clock.moment_of(date(2026, 3, 1), time(12), zone)  # as it is keyed in
    first = select(func.min(Signature.id)).scalar_subquery()
    paper = update(Signature).where(Signature.id == first)
    session.execute(paper.values(origin=Origin.PAPER, signed_at=noon))
    session.commit()
    _mark, rows = rows_of(make_file(ask()))
    assert (rows[0]["signed_at"], rows[0]["confirmed_at"]) == ("2026-03-01", "")
    assert all(row["signed_at"].endswith("Z") for row in rows[1:])
    assert all(row["confirmed_at"].endswith("Z") for row in rows[1:])


def test_the_list_for_officials_shows_what_each_discloses(ask: Ask, make_file: MakeFile) -> None:
    _mark, rows = rows_of(make_file(ask(ExportKind.OFFICIALS)))
    assert len(rows) == 3, "confirmed ones alone"
    shown = [(row["name"], row["locality"], row["postal_code"]) for row in rows]
    assert shown == [
        ("Planted0 Nameless", "", ""),
        ("Planted1 Nameless", "Hintertux", ""),
        ("Planted2 Nameless", "Hintertux", "K1A 0B1"),
    ]
    assert "email" not in rows[0]
    assert "words" not in rows[0]


def test_no_cell_is_a_formula(ask: Ask, make_file: MakeFile) -> None:
    data = make_file(ask(reason=f"For the embassy;{EVIL}\t{EVIL} |{EVIL}"))
    _mark, rows = rows_of(data)
    assert rows[0]["words"] == f"'{EVIL}"
    for delimiter in ",;\t|":
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        assert not any(cell.lstrip(" ").startswith("=") for line in lines for cell in line)
    book = openpyxl.load_workbook(io.BytesIO(make_file(ask(written_as=ExportFormat.XLSX))))
    cells = [cell for sheet in book for row in sheet for cell in row if cell.value is not None]
    assert EVIL in {cell.value for cell in cells}
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


def test_a_workbook_says_whose_it_is_on_its_first_sheet(ask: Ask, make_file: MakeFile) -> None:
    book = openpyxl.load_workbook(io.BytesIO(make_file(ask(written_as=ExportFormat.XLSX))))
    assert book.sheetnames == ["Export", "List"]
    facts = {row[0].value: row[1].value for row in book["Export"]}
    assert facts["Requested by"] == "Ada Asker"
    assert facts["Purpose"] == REASON
    assert len(list(book["List"].rows)) == 7


def test_a_workbook_that_is_too_long_goes_on_on_another_sheet(
    ask: Ask, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write_file, "ROWS_OF_A_SHEET", 3)
    data = make_file(ask(written_as=ExportFormat.XLSX))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["Export", "List", "List 2"]
    names = [row[3].value for name in book.sheetnames[1:] for row in list(book[name].rows)[1:]]
    assert len(names) == len(set(names)) == 6


@pytest.mark.parametrize(
    ("locale", "head", "rtl"), [("fr", "Nom de famille", False), ("ar", "اسم العائلة", True)]
)
def test_a_file_speaks_the_language_that_was_asked_for(
    ask: Ask, make_file: MakeFile, locale: str, head: str, rtl: bool
) -> None:
    text = make_file(ask(locale=locale)).decode("utf-8-sig")
    mark, heads, row = text.split("\r\n")[:3]
    assert head in heads.split(",")
    assert (": " in mark.replace("\u00a0: ", "")) is (locale != "fr"), "as French writes it"
    words = set(re.findall(r"[A-Za-z_]+", mark + heads + row.split("Planted", 1)[0]))
    assert not words & {"export", "asked", "reason", "vetting", "given_name", "confirmed", "online"}
    book = openpyxl.load_workbook(
        io.BytesIO(make_file(ask(locale=locale, written_as=ExportFormat.XLSX)))
    )
    assert head in {cell.value for cell in next(book.worksheets[1].rows)}
    assert all(bool(sheet.sheet_view.rightToLeft) is rtl for sheet in book.worksheets)


def test_json_lines_begin_with_whose_they_are(ask: Ask, make_file: MakeFile) -> None:
    lines = [
        json.loads(line) for line in make_file(ask(written_as=ExportFormat.JSONL)).splitlines()
    ]
    assert lines[0]["export"]["reason"] == REASON
    assert lines[1]["words"] == EVIL, "JSON runs nothing: it is as it was written"
    assert lines[1]["news"] in {True, False}
    assert len(lines) == 7


@pytest.mark.parametrize("kind", export_rules.OF_CAMPAIGNS)
def test_json_lines_are_the_same_whoever_asks_and_sheets_name_countries(
    ask: Ask, make_file: MakeFile, kind: ExportKind
) -> None:
    lists = [
        make_file(ask(kind, written_as=ExportFormat.JSONL, locale=locale)).splitlines()[1:]
        for locale in ("en", "ar")
    ]
    assert lists[0] == lists[1]
    assert {json.loads(line)["country"] for line in lists[0]} - {""} == {"CA"}
    sheet = make_file(ask(kind, locale="ar")).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(sheet, newline="")))[1:]
    at = rows[0].index("البلد")
    assert {row[at] for row in rows[1:]} - {""} == {"كندا"}


@pytest.mark.both_engines
def test_batches_meet_without_gap_or_double(
    ask: Ask, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "_BATCH", 2)
    monkeypatch.setattr(spreadsheets, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(write_file, "_ROWS_AT_ONCE", 3)
    _mark, rows = rows_of(make_file(ask()))
    assert len({row["signature"] for row in rows}) == len(rows) == 6


def test_no_batch_of_a_million_sorts_the_million(app: Flask, ask: Ask, session: Session) -> None:
    export = session.get_one(DataExport, ask())
    asked: list[tuple[str, Any]] = []
    engine = app.extensions["database"].engine

    def note(_connection: Any, _cursor: Any, statement: str, facts: Any, *_: Any) -> None:
        asked.append((statement, facts))

    event.listen(engine, "before_cursor_execute", note)
    with app.app_context():
        assert len(list(records.iter_records(records.Source.of(export), lambda: None))) == 6
    event.remove(engine, "before_cursor_execute", note)
    statement, facts = next(query for query in asked if "LIMIT" in query[0])
    plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", facts).all()
    assert [row[3] for row in plan] == [
        "SEARCH signature USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"
    ]


def test_a_bundles_list_has_its_numbers_and_targets(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    for kind in ExportKind:
        mark, rows = rows_of(make_file(ask(kind, bundle_id=bundle_id)))
        assert "Bundle: 001" in mark
        assert [row["number"] for row in rows] == ["00001", "00002", "00003"]
        assert all("Quintero" in row["target"] for row in rows)


def test_a_bundles_list_has_who_signed_on_its_sheets_by_the_rules_of_every_list(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
) -> None:
    campaign = session.get_one(Campaign, scene.campaign_id)
    people = add_confirmed(
        session, campaign, 3, family_name="Papier", locality="Ay", disclosure=Disclosure.NAME
    )
    for signature in people:
        signature.origin, signature.letters = Origin.PAPER, []
    session.commit()
    bundle_id = freeze(scene.campaign_id, on_paper=1)
    print_bundle(bundle_id)
    people[0].forgotten_at = db.utcnow()
    people[1].state = SignatureState.HELD
    session.commit()
    _mark, rows = rows_of(make_file(ask(ExportKind.OFFICIALS, bundle_id=bundle_id)))
    [on_paper] = rows[3:]
    assert (on_paper["number"], on_paper["target"], on_paper["locality"]) == ("P00003", "", "")
    assert on_paper["name"].endswith("Papier")
    export_id = ask(bundle_id=bundle_id)
    _mark, rows = rows_of(make_file(export_id))
    assert [(row["number"], row["state"], row["origin"]) for row in rows[3:]] == [
        ("P00002", "Under review", "On paper"),
        ("P00003", "Confirmed", "On paper"),
    ]
    assert session.get_one(DataExport, export_id).rows_done == len(rows) == 5


@pytest.mark.both_engines
def test_a_letter_that_went_on_to_a_merged_official_is_listed_by_the_name_of_today(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    campaign = session.get_one(Campaign, scene.campaign_id)
    official = make_target_official(7, name="Ana Merged")
    campaign.targets.append(Target(official=official, position=2))
    session.flush()
    letter = session.scalars(select(Letter).where(Letter.sequence == 2)).one()
    session.add(
        LetterMove(letter_id=letter.id, bundle_id=bundle_id, sequence=2, moved_at=db.utcnow())
    )
    letter.bundle_id = letter.volume_id = letter.sequence = letter.first_page = None
    letter.target_id = campaign.targets[1].id
    session.commit()
    _mark, rows = rows_of(make_file(ask(bundle_id=bundle_id)))
    assert [row["went_on"] for row in rows] == ["", "Needs another bundle", ""]
    assert "Quintero" in rows[0]["target"]
    assert "Ana Merged" in rows[1]["target"]


def test_as_long_as_nobody_said_which_letters_were_taken_no_letter_is_called_accepted(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    attempt = DeliveryAttempt(
        campaign_id=scene.campaign_id,
        bundle_id=bundle_id,
        mission_id=session.get_one(Bundle, bundle_id).mission_id,
        happened_on=days.today(),
        messages=2,
        outcome=DeliveryOutcome.PART,
    )
    session.add(attempt)
    session.commit()
    _mark, rows = rows_of(make_file(ask(bundle_id=bundle_id)))
    assert {row["outcome"] for row in rows} == {"Accepted in part, not yet known which letters"}
    attempt.taken.append(TakenLetters(first_number=1, last_number=2))
    session.commit()
    _mark, rows = rows_of(make_file(ask(bundle_id=bundle_id)))
    assert [row["outcome"] for row in rows] == ["Accepted", "Accepted", "Refused"]


@pytest.mark.parametrize("numbers_known", [False, True])
def test_a_sheet_that_went_with_an_accepted_part_counts_as_accepted(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
    numbers_known: bool,
) -> None:
    campaign = session.get_one(Campaign, scene.campaign_id)
    (on_paper,) = add_confirmed(session, campaign, 1, family_name="Papier")
    on_paper.origin, on_paper.letters = Origin.PAPER, []
    session.commit()
    bundle_id = freeze(scene.campaign_id, on_paper=1)
    print_bundle(bundle_id)
    refused, part, posted = (
        DeliveryAttempt(
            campaign_id=scene.campaign_id,
            bundle_id=bundle_id,
            mission_id=session.get_one(Bundle, bundle_id).mission_id,
            happened_on=days.days_ago(2 - place),
            messages=messages,
            outcome=outcome,
        )
        for place, (outcome, messages) in enumerate(
            [(DeliveryOutcome.REFUSED, 3), (DeliveryOutcome.PART, 2), (DeliveryOutcome.POSTED, 1)]
        )
    )
    if numbers_known:
        part.taken.append(TakenLetters(first_number=1, last_number=2))
    session.add_all([refused, part, posted])
    session.commit()
    _mark, rows = rows_of(make_file(ask(bundle_id=bundle_id)))
    assert (rows[-1]["number"], rows[-1]["outcome"]) == ("P00001", "Refused · Accepted")
    book = openpyxl.load_workbook(
        io.BytesIO(make_file(ask(bundle_id=bundle_id, written_as=ExportFormat.XLSX)))
    )
    assert "Refused · Accepted" in [cell.value for cell in [*book["List"].rows][-1]]


def emptied(session: Session, bundle_id: int, how: str) -> None:
    if how == "cancelled":
        cancel_bundle.cancel(
            session,
            session.get_one(Bundle, bundle_id),
            storage.storage(),
            reason="x",
            actor="command",
        )
    else:
        session.execute(update(Bundle).values(emptied_at=db.utcnow()))
    session.commit()


@pytest.mark.parametrize("how", ["cancelled", "erased"])
def test_a_bundle_in_which_nobody_is_gives_no_list(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
    browsers: Callable[..., FlaskClient],
    how: str,
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    bundle = session.get_one(Bundle, bundle_id)
    client, page = browsers(scene.asker_id), f"/desk/bundles/{bundle.public_id}"
    form = f"/desk/exports/new?campaign={scene.slug}"
    assert form in client.get(page).text
    assert bundle.public_id in client.get(form).text
    session.rollback()
    begun, asked = ask(bundle_id=bundle_id), ask(bundle_id=bundle_id, second_person=True)
    emptied(session, bundle_id, how)
    assert form not in client.get(page).text
    assert bundle.public_id not in client.get(form).text
    session.rollback()
    with pytest.raises(Refused, match="emptied"):
        ask(bundle_id=bundle_id)
    other = browsers(scene.other_id)
    waiting = f"/desk/exports/{session.get_one(DataExport, asked).public_id}"
    session.rollback()
    assert post(other, f"{waiting}/approve").status_code == 409
    jobs.run_now("exports.make", begun)
    export = session.get_one(DataExport, begun)
    assert (export.state, export.failure) == (ExportState.FAILED, export_job.EMPTY)
    assert (
        "This bundle has no names any more" in client.get(f"/desk/exports/{export.public_id}").text
    )


def test_a_bundle_that_is_there_no_more_is_not_the_whole_campaign(
    app: Flask,
    session: Session,
    scene: Scene,
    ask: Ask,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
    browsers: Callable[..., FlaskClient],
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    begun, asked = ask(bundle_id=bundle_id), ask(bundle_id=bundle_id, second_person=True)
    cancel_bundle.cancel(
        session, session.get_one(Bundle, bundle_id), storage.storage(), reason="x", actor="command"
    )
    session.flush()
    session.execute(delete(Bundle).where(Bundle.id == bundle_id))
    session.commit()
    waiting = session.get_one(DataExport, asked, populate_existing=True)
    assert (waiting.bundle_id, waiting.bundle_sequence) == (None, 1)
    with app.app_context(), pytest.raises(Refused, match="emptied"):
        records.Source.of(waiting)
    url = f"/desk/exports/{waiting.public_id}"
    session.rollback()
    assert post(browsers(scene.other_id), f"{url}/approve").status_code == 409
    jobs.run_now("exports.make", begun)
    export = session.get_one(DataExport, begun, populate_existing=True)
    assert (export.state, export.failure) == (ExportState.FAILED, export_job.EMPTY)


def test_a_bundle_whose_writers_are_forgotten_gives_no_list_though_its_files_are_kept(
    session: Session,
    scene: Scene,
    ask: Ask,
    make_file: MakeFile,
    freeze: Callable[..., int],  # noqa: F811
    print_bundle: Callable[[int], object],  # noqa: F811
) -> None:
    bundle_id = freeze(scene.campaign_id)
    print_bundle(bundle_id)
    session.execute(update(Signature).values(forgotten_at=db.utcnow()))
    session.commit()
    begun = ask(bundle_id=bundle_id)
    jobs.run_now("exports.make", begun)
    export = session.get_one(DataExport, begun)
    assert (export.state, export.failure) == (ExportState.FAILED, export_job.EMPTY)


@pytest.mark.both_engines
def test_what_does_not_open_costs_its_own_row_only(
    app: Flask, session: Session, ask: Ask, make_file: MakeFile
) -> None:
    session.execute(text("UPDATE signature SET given_name = own_words WHERE id = 2"))
    session.commit()
    export_id = ask()
    _mark, rows = rows_of(make_file(export_id))
    assert len(rows) == 5
    assert session.get_one(DataExport, export_id).rows_unreadable == 1


def test_a_file_that_is_encrypted_opens_with_each_key_and_not_here(
    app: Flask, ask: Ask, make_file: MakeFile
) -> None:
    mine, theirs = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    keys = [str(mine.to_public()), str(theirs.to_public())]
    export_id = ask(keys=keys)
    data = make_file(export_id)
    assert data.startswith(b"age-encryption.org/v1\n")
    assert b"Planted" not in data
    for key in (mine, theirs):
        _mark, rows = rows_of(pyrage.decrypt(data, [key]))
        assert len(rows) == 6
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(data, [pyrage.x25519.Identity.generate()])


@pytest.mark.parametrize("written_as", list(ExportFormat))
def test_at_rest_it_tells_nothing_and_no_plain_file_is_left(
    app: Flask, ask: Ask, make_file: MakeFile, written_as: ExportFormat
) -> None:
    make_file(ask(written_as=written_as))
    settings = app.extensions["settings"]
    for path in settings.folder.rglob("*"):
        if path.is_file():
            assert b"Planted" not in path.read_bytes(), path
    assert list(settings.scratch_folder.iterdir()) == []


def test_names_of_files_are_made_of_our_own_letters(
    app: Flask, session: Session, scene: Scene, ask: Ask, make_file: MakeFile
) -> None:
    session.execute(text("UPDATE campaign SET reference = '../UA 58/20\r\nx: y' WHERE id = 1"))
    session.commit()
    export_id = ask()
    make_file(export_id)
    assert session.get_one(DataExport, export_id).file_name == "export-1_UA-58-20-x-y_full.csv"


def test_an_empty_list_is_a_file_all_the_same(
    app: Flask, session: Session, ask: Ask, make_file: MakeFile
) -> None:
    session.execute(text("UPDATE signature SET state = 'withdrawn'"))
    session.commit()
    for written_as in ExportFormat:
        data = make_file(ask(written_as=written_as))
        assert data
        if written_as is ExportFormat.XLSX:
            assert ZipFile(io.BytesIO(data)).testzip() is None
    with app.app_context(), db.reading() as reading:
        assert reading.get_one(DataExport, 1).rows_done == 0
        names = storage.storage().names("exports")
        assert len([name for name in names if not name.endswith("-people")]) == 3
