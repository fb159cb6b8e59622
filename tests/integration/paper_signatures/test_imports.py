"""Files of signatures: mapped, rehearsed, taken in whole, worked on by one job at a time."""

import io
import re
from contextlib import suppress
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.bundles.freeze.signed_sheets import waiting_on_paper
from campaign.core import db, jobs
from campaign.core.db.leases import LeasedRow
from campaign.core.sealing import WrongKey
from campaign.directory.imports import uploads
from campaign.models.campaign import Campaign
from campaign.models.directory import Directory
from campaign.models.paper_signature import (
    PaperImport,
    PaperImportState,
    PaperRow,
    PaperSheet,
    RowVerdict,
)
from campaign.models.signature import Origin, Signature
from campaign.models.staff import Role
from campaign.paper_signatures import data_entry, paper_imports, scans
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.data_entry import add_row
from campaign.paper_signatures.paper_imports import count_sorted, sort_rows
from campaign.storage import storage
from campaign.tracking.change_or_withdraw import withdraw_letter
from tests.days import days_ago
from tests.factories import make_campaign, make_staff_user, post, sign_in
from tests.integration.paper_signatures.test_sheets import ANA, counted, make_sheet, sign_online


def test_a_file_is_mapped_rehearsed_and_taken_in_whole(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        sign_online(session, campaign, ANA)
        slug = campaign.slug
    sign_in(client, app, Role.STAFF)
    text = "Nom;Prénom;Ville;Code postal;Courriel\nNúñez;Ana;Ottawa;K1A 0A1;\n"
    text += "Park;Eva;Hull;;eva@example.org\nPark;Eva;Hull;;\nNg;Mika;Ottawa;1;\n"

    def upload(content: str) -> str:
        file = (io.BytesIO(content.encode("windows-1252")), "liste.csv")
        sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": file})
        assert sent.status_code == 303
        return str(sent.location)

    mapping = {
        "meaning-0": "family_name",
        "meaning-1": "given_name",
        "meaning-2": "locality",
        "meaning-3": "postal_code",
        "meaning-4": "email",
        "on_paper": "paper",
        "collected_on": days_ago(5).isoformat(),
        "country": "CA",
        "locale": "fr",
    }
    address = upload(text)
    assert 'value="given_name" selected' in client.get(address).text
    assert post(client, address, mapping | {"meaning-4": "locality"}).status_code == 422
    assert post(client, address, mapping).status_code == 303
    _work(app)
    page = client.get(address).text
    assert "looks like" in page or "postal code" in page
    assert post(client, f"{address}/apply").status_code == 303
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count()).select_from(PaperRow)) == 0, "a row is wrong"
    address = upload(text.replace("Ottawa;1;", "Ottawa;;"))
    post(client, address, mapping)
    _work(app)
    post(client, f"{address}/apply")
    _work(app)
    assert "2 signatures added to the count" in client.get(address).text
    with app.app_context(), db.transaction() as session:
        reloaded = session.scalars(select(Campaign).where(Campaign.slug == slug)).one()
        assert counted(session, reloaded) == (3, 2)
        assert session.scalar(select(func.count()).select_from(PaperRow)) == 4
        of_paper = select(Signature.locale).where(Signature.origin == Origin.PAPER)
        assert session.scalars(of_paper).all() == ["fr", "fr"]
        left = list((app.extensions["settings"].files_folder / "imports").iterdir())
        assert len(left) == 1, "the wrong file waits for its end, the right one is gone"


def test_wrong_rows_can_be_downloaded_and_left_out(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    text = "name;lives in;land;;pen\n"
    text += "Eva Park;Hull;Nowhere;;blue\nMika Ng;Hull;;;\nOle Ek;Hull;CA;;\n"
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": _file(text)})
    mapping = {
        "meaning-0": "name",
        "meaning-1": "locality",
        "meaning-2": "country",
        "on_paper": "paper",
        "collected_on": days_ago(5).isoformat(),
        "country": "CA",
        "locale": "en",
    }
    assert client.get(f"{sent.location}/wrong.csv").status_code == 303, "there is no dry run yet"
    post(client, sent.location, mapping)
    _work(app)
    page = client.get(sent.location).text
    assert "Leave it out and import 2" in page
    assert "<p>Columns not read: <bdi>pen</bdi></p>" in page
    assert "Columns not read" not in client.get(f"{sent.location}?head=2").text
    wrong = client.get(f"{sent.location}/wrong.csv").text.lstrip("\ufeff").splitlines()
    assert wrong[0] == "# Row;# Problem;name;lives in;land;;pen"
    assert wrong[1].startswith("1;land: We do not recognize this country")
    assert wrong[1].endswith(";Eva Park;Hull;Nowhere;;blue")
    post(client, f"{sent.location}/apply")
    _work(app)
    assert "Leave this column out" in client.get(sent.location).text, (
        "nobody said that they are left out"
    )
    post(client, f"{sent.location}/apply", {"skip_bad": "1"})
    _work(app)
    assert "2 signatures added to the count" in client.get(sent.location).text
    again = "\n".join(wrong).replace("Nowhere", "CA").replace("\n1;", "\n7;")
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": _file(again)})
    page = client.get(sent.location).text
    assert "# Row" not in page
    assert 'value="locality" selected' in page, "as the last file with these heads was read"
    post(client, sent.location, mapping)
    _work(app)
    post(client, f"{sent.location}/apply")
    _work(app)
    with app.app_context(), db.reading() as session:
        positions = select(PaperRow.position).order_by(PaperRow.id)
        assert session.scalars(positions).all() == [2, 3, 7], "as in the file that was left"


@pytest.mark.both_engines
def test_another_encoding_is_looked_at_and_goes_with_the_choice(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    file = (io.BytesIO("name,town\nŁukasz Wójcik,Łódź\n".encode("cp1250")), "list.csv")
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": file})
    assert "Łódź" in client.get(sent.location).text
    assert "£ódŸ" in client.get(f"{sent.location}?encoding=windows-1252").text
    mapping = {
        "meaning-0": "name",
        "meaning-1": "locality",
        "on_paper": "paper",
        "country": "PL",
        "collected_on": days_ago(5).isoformat(),
        "locale": "en",
        "encoding": "windows-1250",
    }
    post(client, sent.location, mapping)
    _work(app)
    assert "Import 1 signature" in client.get(sent.location).text
    with app.app_context(), db.reading() as session:
        assert session.scalars(select(PaperImport)).one().options["encoding"] == "windows-1250"


def _file(text: str) -> tuple[io.BytesIO, str]:
    return io.BytesIO(text.encode()), "list.csv"


def test_files_go_again_with_the_rows_that_do_not_come_to_stay(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        sheet_id = make_sheet(session).id
        owner = make_staff_user(session, Role.STAFF).id
    out = io.BytesIO()
    Image.new("RGB", (40, 40)).save(out, "PNG")
    rows = b"name;country;office\nInes Quintero;MX;Governor\n"
    table = {"data": rows, "file_name": "a.csv"}

    def keep_scan(session: Session) -> None:
        scans.keep_scan(session, scans.read_scan(out.getvalue()), actor="a", sheet_id=sheet_id)

    def keep_rows(session: Session) -> None:
        campaign = session.get_one(PaperSheet, sheet_id).campaign
        paper_imports.upload_file(session, campaign, staff_id=owner, **table)

    def keep_entries(session: Session) -> None:
        of = {"owner_id": owner, "directory": Directory.OFFICIALS, "actor": "a"}
        uploads.keep_upload(session, **of, **table)

    for keep in (keep_scan, keep_rows, keep_entries):
        with app.test_request_context(method="POST"):
            keep(db.session())
            assert len(list(storage().names())) == 1
            db.session().rollback()
            assert list(storage().names()) == []


def _uploaded(app: Flask, client: FlaskClient) -> tuple[str, int]:
    """A file that waits for its dry run: its address, and its id."""
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    file = (io.BytesIO(b"given name;family name;town\nEva;Park;Hull\n"), "list.csv")
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": file})
    mapping = {
        "meaning-0": "given_name",
        "meaning-1": "family_name",
        "meaning-2": "locality",
        "on_paper": "paper",
        "collected_on": days_ago(5).isoformat(),
        "country": "CA",
        "locale": "en",
    }
    assert post(client, sent.location, mapping).status_code == 303
    with app.app_context(), db.reading() as session:
        return sent.location, session.scalars(select(PaperImport.id)).one()


@pytest.mark.both_engines
def test_a_dry_run_that_ends_late_takes_nothing_back(client: FlaskClient, app: Flask) -> None:
    address, number = _uploaded(app, client)
    with app.app_context(), db.transaction() as session:
        waiting = session.get_one(PaperImport, number)
        waiting.lease_until = db.utcnow() - timedelta(minutes=1)  # another job has died of it
    slow, quick = Barrier(2), []

    def read_slowly() -> None:
        with app.app_context(), db.reading() as session:
            paper_import = session.get_one(PaperImport, number)
            reading = paper_imports.read_rows(paper_import)
            quick.append(
                count_sorted(reading, sort_rows(session, paper_import.campaign_id, reading))
            )
        slow.wait()
        slow.wait()
        with app.app_context():
            late_row = LeasedRow(number, 0)
            paper_imports.keep_rehearsal(late_row, quick[0], "[]", PaperImportState.READY)

    late = Thread(target=read_slowly)
    late.start()
    slow.wait()
    _work(app)
    assert post(client, f"{address}/apply").status_code == 303
    _work(app)
    slow.wait()
    late.join()
    with app.app_context(), db.reading() as session:
        assert session.get_one(PaperImport, number).state is PaperImportState.APPLIED
        assert session.scalar(select(func.count()).select_from(PaperRow)) == 1


def test_a_dry_run_that_was_silent_does_not_end_the_next_one(
    client: FlaskClient, app: Flask
) -> None:
    _address, number = _uploaded(app, client)

    def claim() -> LeasedRow:
        with app.app_context(), db.transaction() as session:
            # The last one is taken for dead.
            session.get_one(PaperImport, number).lease_until = None
            session.flush()
            row = paper_imports._REHEARSALS.claim(session, number)
        assert row is not None
        return row

    def end(row: LeasedRow, state: PaperImportState) -> PaperImportState:
        with app.app_context():
            paper_imports.keep_rehearsal(row, {}, "[]", state)
            with db.reading() as session:
                return session.get_one(PaperImport, number).state

    silent = claim()
    assert end(claim(), PaperImportState.FAILED) is PaperImportState.FAILED
    with app.app_context(), db.transaction() as session:
        paper_import = session.get_one(PaperImport, number)
        # asked for once more
        paper_import.state, paper_import.lease_until = PaperImportState.REHEARSING, None
    assert end(silent, PaperImportState.READY) is PaperImportState.REHEARSING
    last = claim()
    assert end(silent, PaperImportState.READY) is PaperImportState.REHEARSING
    assert end(last, PaperImportState.READY) is PaperImportState.READY


def test_a_file_that_a_job_works_on_is_left_to_it(client: FlaskClient, app: Flask) -> None:
    _address, number = _uploaded(app, client)
    with app.app_context(), db.transaction() as session:
        session.get_one(PaperImport, number).lease_until = db.utcnow() + timedelta(minutes=1)
    _work(app)
    with app.app_context(), db.transaction() as session:
        waiting = session.get_one(PaperImport, number)
        assert waiting.state is PaperImportState.REHEARSING
        waiting.lease_until = db.utcnow() - timedelta(minutes=1)
    _work(app)
    with app.app_context(), db.reading() as session:
        assert session.get_one(PaperImport, number).state is PaperImportState.READY


def _work(app: Flask) -> None:
    """What the queue would have done."""
    with app.app_context():
        jobs.run_now("paper.resume-imports")
        with db.reading() as session:
            ids = session.scalars(select(PaperImport.id)).all()
        for import_id in ids:
            jobs.run_now("paper.rehearse-import", import_id)
            jobs.run_now("paper.apply-import", import_id)


MAPPING = {
    "meaning-0": "name",
    "meaning-1": "locality",
    "meaning-2": "postal_code",
    "meaning-3": "email",
    "meaning-4": "news",
    "on_paper": "paper",
    "collected_on": days_ago(5).isoformat(),
    "country": "CA",
    "locale": "en",
}
VERA = "Vera Lund,Kingston,,vera@example.org,x\n"


def _take_in(client: FlaskClient, app: Flask, slug: str, rows: str) -> tuple[str, str]:
    """Import a file without its wrong rows; return the pages of its preview and of its sheet."""
    file = _file("name,town,code,email,news\n" + rows)
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": file})
    address = str(sent.location)
    assert post(client, address, MAPPING).status_code == 303
    _work(app)
    preview = client.get(address).text
    post(client, f"{address}/apply", {"skip_bad": "1"})
    _work(app)
    sheet = re.findall(r'href="(/desk/paper/[^"/]+)">View the rows', client.get(address).text)
    return preview, client.get(sheet[0]).text


def _rows(page: str) -> list[tuple[str, str]]:
    """Number and name of each row on the page of a sheet, the last first."""
    return re.findall(r'data-label="Row">(\d+)</td>\s*<td data-label="Name"><bdi>([^<]+)', page)


def test_a_row_has_the_number_that_it_has_on_the_paper(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        sign_online(session, campaign, Details("Ian", "Fox", "Hull", "", "CA"))
        slug = campaign.slug
    sign_in(client, app, Role.STAFF)
    rows = "Ian Fox,Hull,,,\nOle Ek,Hull,1,,\n" + VERA + "\n" + "Willy Orr,Hull,,,\n" * 2
    preview, page = _take_in(client, app, slug, rows)
    assert re.search(r'<td class="num">2</td><td>code</td>', preview)
    assert "Rows that you leave out keep their numbers" in preview
    willy = [("5", "Willy Orr"), ("4", "Willy Orr")]
    assert _rows(page) == [*willy, ("3", "Vera Lund"), ("1", "Ian Fox")]
    with app.app_context(), db.transaction() as session:
        stored = session.scalars(select(PaperRow).order_by(PaperRow.position)).all()
        verdicts = {row.position: row.verdict.value for row in stored}
        assert verdicts == {1: "double", 3: "counted", 4: "counted", 5: "double"}
        for row in stored:
            if row.position in {3, 4}:
                assert row.signature is not None
                withdraw_letter(session, row.signature, db.utcnow())
    page = client.get(re.findall(r'href="(/desk/paper/[^"/]+)/about"', page)[0]).text
    assert "Black out rows 3, 4, 5 on this sheet" in page
    assert "<li>Row 3: <bdi>Vera Lund</bdi>, <bdi>Kingston</bdi></li>" in page


def test_who_withdrew_is_not_counted_by_a_further_file(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        slug, campaign_id = campaign.slug, campaign.id
    sign_in(client, app, Role.STAFF)
    _take_in(client, app, slug, VERA)
    with app.app_context(), db.transaction() as session:
        withdraw_letter(session, session.scalars(select(Signature)).one(), db.utcnow())
    preview, page = _take_in(client, app, slug, "Ole Ek,Hull,,,\n" + VERA)
    assert "1 row names someone who signed this action and withdrew" in preview
    assert "Import 1 signature" in preview
    assert "Vera Lund, Kingston withdrew on" in page
    assert "1 no longer counted" in page
    assert "Black out row 2 on this sheet" in page
    with app.app_context(), db.reading() as session:
        assert counted(session, session.get_one(Campaign, campaign_id)) == (1, 1)
        assert waiting_on_paper(session, session.get_one(Campaign, campaign_id)) == 1


def test_what_was_chosen_for_columns_stays_when_an_answer_is_missing(
    client: FlaskClient, app: Flask
) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    file = _file("name,town,code,email,news\n" + VERA)
    sent = post(client, "/desk/paper/imports/new", {"campaign": slug, "file": file})
    address = str(sent.location)
    answers = MAPPING | {"meaning-4": "", "meaning-2": "region", "locale": ""}
    page = post(client, address, answers).text
    shown = re.findall(r'name="meaning-(\d)">.*?</select>', page, re.DOTALL)
    assert shown == ["0", "1", "2", "3", "4"]
    chosen = re.findall(
        r'name="meaning-(\d)">(?:(?!</select>).)*value="(\w+)" selected', page, re.DOTALL
    )
    assert dict(chosen) == {"0": "name", "1": "locality", "2": "region", "3": "email"}


def test_the_preview_tells_how_many_want_emails(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    rows = (
        VERA
        + "Ana Lund,Kingston,,ana@example.org,Non merci\nEva Lund,Kingston,,eva@example.org,no\n"
    )
    preview, sheet = _take_in(client, app, slug, rows)
    facts = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>(\d+)", preview))
    assert facts["Wants news of this case"] == "1"
    assert facts["Rows with a problem"] == "1"
    assert "Write yes or no" in preview
    assert _rows(sheet) == [("3", "Eva Lund"), ("1", "Vera Lund")]


@pytest.mark.both_engines
def test_an_import_is_undone(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        campaign_id, slug = campaign.id, campaign.slug
    sign_in(client, app, Role.STAFF)
    rows = VERA + "Ana Lund,Kingston,,ana@example.org,x\n" + VERA
    _preview, page = _take_in(client, app, slug, rows)
    assert _rows(page) == [("3", "Vera Lund"), ("2", "Ana Lund"), ("1", "Vera Lund")]
    (about,) = set(re.findall(r'href="(/desk/paper/[^"/]+/about)"', page))
    assert "We remove the 3 rows of this sheet." in client.get(about).text
    sheet = about.removesuffix("/about")
    assert post(client, f"{sheet}/undo-import").location == sheet
    assert "Undo this import" not in client.get(about).text  # it is wanted already
    assert post(client, f"{sheet}/undo-import").location == sheet
    with app.app_context():
        with db.transaction() as session:
            paper_import = session.scalars(select(PaperImport)).one()
            import_id, paper_import.expires_at = paper_import.id, db.utcnow()
        jobs.run_now("paper.resume-imports")  # its file's time is over: it is undone all the same
        jobs.run_now("paper.undo-import", import_id)
        jobs.run_now("paper.undo-import", import_id)  # a job may be done twice
        with db.transaction() as session:
            verdicts = session.scalars(select(PaperRow.verdict)).all()
            assert verdicts == [RowVerdict.REMOVED] * 3
            assert counted(session, session.get_one(Campaign, campaign_id)) == (0, 0)
    page = client.get(about).text
    assert "Undo this import" not in page
    assert "Delete this sheet" in page


@pytest.mark.parametrize("broken", ["worker", "row"])
def test_an_undo_that_breaks_off_is_taken_up_again(
    client: FlaskClient, app: Flask, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), db.transaction() as session:
        slug = make_campaign(session).slug
    sign_in(client, app, Role.STAFF)
    _preview, page = _take_in(client, app, slug, VERA + "Ana Lund,Kingston,,ana@example.org,x\n")
    (about,) = set(re.findall(r'href="(/desk/paper/[^"/]+/about)"', page))
    post(client, about.removesuffix("about") + "undo-import")
    error: type[Exception] = SystemError if broken == "worker" else WrongKey
    remove_row = data_entry.remove_row

    def fail_on_first(session: Session, row: PaperRow, *, actor: str) -> None:
        remove_row(session, row, actor=actor)
        if row.position == 1:
            raise error("test")

    with app.app_context():
        with db.reading() as session:
            import_id = session.scalars(select(PaperImport.id)).one()
        with monkeypatch.context() as patch:
            patch.setattr(data_entry, "remove_row", fail_on_first)
            with suppress(SystemError):
                jobs.run_now("paper.undo-import", import_id)
        with db.transaction() as session:
            left = session.execute(
                select(PaperRow.position).where(PaperRow.verdict != RowVerdict.REMOVED)
            )
            assert left.scalars().all() == [1]
            paper_import = session.get_one(PaperImport, import_id)
            is_held = paper_import.state is PaperImportState.UNDOING
            assert is_held == (broken == "worker")
            paper_import.lease_until = db.utcnow()
            put_back = session.scalars(select(PaperRow).where(PaperRow.position == 2)).one()
            data_entry.restore_row(session, put_back, actor="test")
        assert ("We are removing the rows." in client.get(about).text) == is_held
        lost = jobs.queue().huey.storage
        lost.flush_queue()
        jobs.run_now("paper.resume-imports")
        assert (b"paper.undo-import" in b"".join(lost.enqueued_items())) == is_held
        jobs.run_now("paper.undo-import", import_id)
    page = client.get(about).text
    assert "We are removing the rows." not in page
    assert "We remove the" in page
    with app.app_context(), db.reading() as session:
        left = select(PaperRow.position).where(PaperRow.verdict != RowVerdict.REMOVED)
        assert set(session.scalars(left)) == ({2} if is_held else {1, 2}), "what was put back stays"


def test_rows_that_were_typed_in_are_not_removed_at_once(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        sheet = make_sheet(session, make_campaign(session))
        add_row(session, sheet, ANA, actor="a")
        address = f"/desk/paper/{sheet.public_id}"
    sign_in(client, app, Role.STAFF)
    assert "Undo this import" not in client.get(f"{address}/about").text
    assert post(client, f"{address}/undo-import").status_code == 404
