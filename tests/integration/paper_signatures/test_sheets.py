"""Sheets are keyed in, each person is counted once, and what is on paper is counted apart."""

import io
import re
from datetime import timedelta
from threading import Barrier, Thread

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from PIL import Image
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.campaigns import public_counts
from campaign.core import db, jobs
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid, Refused
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.paper_signature import (
    PaperRow,
    PaperSheet,
    RowVerdict,
    Scan,
    ScanKind,
    SheetKind,
)
from campaign.models.signature import Letter, Origin, Signature, SignatureState
from campaign.models.staff import Role, StaffUser
from campaign.paper_signatures import data_entry, scans, sheets
from campaign.paper_signatures.check_row import Details
from campaign.privacy import erase_supporter
from campaign.signing.person_fingerprint import Person, person_print
from campaign.tracking.letter_links import Mailbox
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.races import do_meanwhile

ANA = Details("Ana", "Núñez", "Ottawa", "K1A 0A1", "CA")


def make_sheet(session: Session, campaign: Campaign | None = None, **more: object) -> PaperSheet:
    """A sheet of yesterday."""
    facts: dict[str, object] = {
        "kind": SheetKind.SHEET,
        "collected_on": days_ago(1),
        "country": "CA",
    }
    sheet = PaperSheet(campaign=campaign or make_campaign(session), **(facts | more))
    return sheets.make_sheet(session, sheet, actor="test")


def sign_online(session: Session, campaign: Campaign, person: Details, **more: object) -> Signature:
    """The same person, with a letter."""
    mark = person_print(
        Person(
            person.given_name,
            person.family_name,
            person.country,
            person.postal_code,
            person.locality,
        )
    )
    (signature,) = add_confirmed(
        session,
        campaign,
        1,
        given_name=person.given_name,
        family_name=person.family_name,
        locality=person.locality,
        postal_code=person.postal_code,
        country=person.country,
        person_hmac=mark,
        **more,
    )
    return signature


def counted(session: Session, campaign: Campaign) -> tuple[int, int]:
    """People, and of these on paper."""
    return public_counts.recount(session, campaign), public_counts.count_on_paper(session, campaign)


def test_a_row_is_a_signature_without_letter_and_mail(session: Session) -> None:
    sheet = make_sheet(session)
    row = data_entry.add_row(session, sheet, ANA, actor="test")
    assert row.signature is not None
    assert row.signature.state is SignatureState.CONFIRMED
    assert row.signature.origin is Origin.PAPER
    assert row.signature.email == ""
    assert counted(session, sheet.campaign) == (1, 1)
    assert session.scalar(select(func.count()).select_from(Letter)) == 0
    assert session.scalar(select(func.count()).select_from(OutboxMail)) == 0
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "paper.row-add")).one()
    assert "Ana" not in str(entry.detail)


def test_who_signed_online_or_on_another_sheet_counts_once(session: Session) -> None:
    campaign = make_campaign(session)
    sign_online(session, campaign, ANA)
    first, second = make_sheet(session, campaign), make_sheet(session, campaign)
    again = Details("nunez", "ANA", "Elsewhere", "k1a0a1", "CA")
    assert data_entry.add_row(session, first, again, actor="a").verdict is RowVerdict.DOUBLE
    eva = Details("Eva", "Park", "Hull", "", "CA", email="eva@example.org")
    assert data_entry.add_row(session, first, eva, actor="a").verdict is RowVerdict.COUNTED
    moved = Details("E.", "Park", "Ottawa", "", "CA", email="Eva+x@example.org")
    assert data_entry.add_row(session, second, moved, actor="a").verdict is RowVerdict.DOUBLE
    assert counted(session, campaign) == (2, 1)
    kept = session.scalars(select(Signature.email).where(Signature.origin == Origin.PAPER)).all()
    assert kept == [""]


def test_a_letter_that_was_never_confirmed_doubles_nobody(session: Session) -> None:
    campaign = make_campaign(session)
    sign_online(session, campaign, ANA, state=SignatureState.PENDING)
    assert (
        data_entry.add_row(session, make_sheet(session, campaign), ANA, actor="a").signature
        is not None
    )


def test_the_keyer_may_tell_two_people_apart(session: Session) -> None:
    sheet = make_sheet(session)
    data_entry.add_row(session, sheet, ANA, actor="a")
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    assert row.twin is not None
    data_entry.count_row(session, row, actor="a")
    assert counted(session, sheet.campaign) == (2, 2)
    with pytest.raises(Refused):
        data_entry.count_row(session, row, actor="a")


def test_a_row_is_corrected_taken_out_and_put_back(session: Session) -> None:
    sheet = make_sheet(session, rows_by_hand=2)
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    double = data_entry.add_row(session, sheet, ANA, actor="a")
    data_entry.correct_row(session, row, Details("Eva", "Park", "Hull", "", "CA"), actor="a")
    assert double.verdict is RowVerdict.COUNTED, "nobody else counts for this person now"
    assert counted(session, sheet.campaign) == (2, 2)
    data_entry.remove_row(session, row, actor="a")
    assert counted(session, sheet.campaign) == (1, 1)
    assert sheets.count_rows(session, sheet).missing == 1
    data_entry.restore_row(session, row, actor="a")
    assert counted(session, sheet.campaign) == (2, 2)
    assert [listed.position for listed in data_entry.list_rows(session, sheet)] == [2, 1]


def test_who_signs_online_after_the_sheet_counts_for_the_letter(app: Flask) -> None:
    with app.app_context():
        with db.transaction() as session:
            sheet = make_sheet(session)
            data_entry.add_row(session, sheet, ANA, actor="a")
            old = sign_online(session, sheet.campaign, ANA)
            old.person_hmac = None  # from before there were fingerprints
            campaign_id = sheet.campaign_id
        jobs.run_now("signing.fill-prints")
        for _ in range(2):
            jobs.run_now("paper.match")
        with db.transaction() as session:
            assert counted(session, session.get_one(Campaign, campaign_id)) == (1, 0)
            row = session.scalars(select(PaperRow)).one()
            assert row.verdict is RowVerdict.DOUBLE
            assert data_entry.details_of(row) == ANA


@pytest.mark.both_engines
def test_two_who_key_in_one_person_at_once_count_them_once(app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        ids = [make_sheet(session, campaign).id for _ in range(2)]
    start = Barrier(2)

    def key(sheet_id: int) -> None:
        with app.app_context():
            start.wait()
            with db.transaction() as session:
                data_entry.add_row(session, session.get_one(PaperSheet, sheet_id), ANA, actor="a")

    threads = [Thread(target=key, args=(sheet_id,)) for sheet_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with app.app_context(), db.reading() as session:
        verdicts = sorted(verdict.value for verdict in session.scalars(select(PaperRow.verdict)))
    assert verdicts == ["counted", "double"]


def test_an_address_is_kept_for_news_alone_and_leaves_with_its_person(session: Session) -> None:
    sheet = make_sheet(session)
    eva = Details("Eva", "Park", "Hull", "", "CA", email="eva@example.org", news=True)
    row = data_entry.add_row(session, sheet, eva, actor="a")
    double = data_entry.add_row(session, sheet, eva, actor="a")
    assert row.signature is not None
    assert row.signature.email == "eva@example.org"
    assert row.signature.consent_updates_at is not None
    box = Mailbox("eva@example.org", row.signature.email_hmac, db.utcnow() + timedelta(hours=1))
    erase_supporter.erase_mailbox(session, box, locale="en", now=db.utcnow())
    session.expire_all()
    assert data_entry.details_of(row) is None
    assert data_entry.details_of(double) is None
    assert double.email_hmac is None


def test_a_row_that_was_taken_out_is_erased_with_its_person(session: Session) -> None:
    sheet = make_sheet(session)
    eva = Details("Eva", "Park", "Hull", "", "CA", email="eva@example.org")
    row = data_entry.add_row(session, sheet, eva, actor="a")
    data_entry.remove_row(session, row, actor="a")
    plus = Details("Lea", "Park", "Hull", "", "CA", email="eva+lea@example.org", news=True)
    other = data_entry.add_row(session, sheet, plus, actor="a")
    data_entry.remove_row(session, other, actor="a")
    assert row.email_hmac is not None
    box = Mailbox("eva@example.org", row.email_hmac, db.utcnow() + timedelta(hours=1))
    erase_supporter.erase_mailbox(session, box, locale="en", now=db.utcnow())
    session.expire_all()
    assert (data_entry.details_of(row), row.email_hmac) == (None, None)
    assert data_entry.details_of(other) == plus
    with pytest.raises(Refused, match="row-gone"):
        data_entry.restore_row(session, row, actor="a")


def test_a_double_is_erased_with_the_person_whose_address_it_names(session: Session) -> None:
    campaign = make_campaign(session)
    sign_online(session, campaign, ANA)
    again = Details("Ana", "Núñez", "Ottawa", "K1A 0A1", "CA", email="ana@example.org")
    row = data_entry.add_row(session, make_sheet(session, campaign), again, actor="a")
    assert row.email_hmac is not None
    box = Mailbox("ana@example.org", row.email_hmac, db.utcnow() + timedelta(hours=1))
    erase_supporter.erase_mailbox(session, box, locale="en", now=db.utcnow())
    session.expire_all()
    assert (row.verdict, data_entry.details_of(row)) == (RowVerdict.DOUBLE, None)


@pytest.mark.both_engines
def test_a_stopped_campaign_takes_no_row_and_a_closed_one_keeps_its_number_true(
    session: Session,
) -> None:
    campaign = make_campaign(session)
    sheet = make_sheet(session, campaign)
    campaign.status = CampaignStatus.CLOSED
    campaign.closed_at = db.utcnow() - timedelta(days=90)
    add_confirmed(session, campaign, 2)
    assert counted(session, campaign) == (2, 0)
    row = data_entry.add_row(session, sheet, ANA, actor="a")
    assert (
        public_counts.count_of(session, campaign),
        public_counts.count_on_paper(session, campaign),
    ) == (3, 1)
    data_entry.remove_row(session, row, actor="a")
    assert (
        public_counts.count_of(session, campaign),
        public_counts.count_on_paper(session, campaign),
    ) == (2, 0)
    campaign.status = CampaignStatus.STOPPED
    with pytest.raises(Refused):
        data_entry.add_row(session, sheet, ANA, actor="a")


# --- Pages -------------------------------------------------------------------------------------


def _new_sheet(app: Flask) -> str:
    with app.app_context(), db.transaction() as session:
        return make_sheet(session).public_id


def _row(at: int, **values: str) -> dict[str, str]:
    facts = {"given_name": "Ana", "family_name": "Núñez", "locality": "Ottawa", "country": "CA"}
    return {f"{name}-{at}": value for name, value in (facts | values).items()}


def test_rows_are_keyed_in_on_the_page_all_or_none(client: FlaskClient, app: Flask) -> None:
    sheet = _new_sheet(app)
    sign_in(client, app, Role.STAFF)
    address = f"/desk/paper/{sheet}"
    wrong = post(client, address, _row(0) | _row(1, given_name="Eva", postal_code="1"))
    assert wrong.status_code == 422
    assert 'value="Eva"' in wrong.text
    assert "Check 1 row. The rows in this form are not saved yet." in wrong.text
    message = "Enter a name. Nothing was saved."
    assert re.search(f"nothing-keyed[^>]* hidden>{message}", wrong.text)
    empty = post(client, address, {"locality-0": "Ottawa", "country-0": "CA"})
    assert empty.status_code == 422
    assert re.search(f'nothing-keyed" role="alert">{message}', empty.text)
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count()).select_from(PaperRow)) == 0
    right = post(client, address, _row(0) | _row(1, given_name="Eva", locality='"'))
    assert right.status_code == 303
    page = client.get(address).text
    assert "2 rows counted" in page
    assert page.count("Eva Núñez") == 1
    assert re.findall(r"<legend[^>]*>Row (\d+)", page)[0] == "3", "it goes on with the next row"
    correct = re.search(rf'href="({address}/rows/[^"/]+)"', page)
    assert correct is not None
    assert re.findall(r"<legend[^>]*>Row (\d+)", client.get(correct[1]).text) == ["2"]
    assert re.search(r'id="locality-0"[^>]*value="Ottawa"', page), "the town carries over"


def test_a_row_left_out_of_the_sheet_keeps_its_number(client: FlaskClient, app: Flask) -> None:
    address = f"/desk/paper/{_new_sheet(app)}"
    sign_in(client, app, Role.STAFF)
    page = client.get(address).text
    assert re.findall(r'name="number-\d" type="text" inputmode="numeric" value="(\d+)"', page) == [
        *"12345"
    ]
    eva = _row(1, given_name="Eva", number="3")
    assert post(client, address, _row(0) | eva).status_code == 303
    assert re.findall(r'data-label="Row">(\d+)<', client.get(address).text) == ["3", "1"]
    for number, message in (("3", "already has a row with this number"), ("x", "Enter the number")):
        wrong = post(client, address, _row(0, given_name="Mika", number=number))
        assert wrong.status_code == 422
        assert message in wrong.text
        assert f'value="{number}" maxlength="6"' in wrong.text
        assert 'value="Mika"' in wrong.text
    (row, _first) = re.findall(rf'href="({address}/rows/[^"/]+)"', client.get(address).text)
    seen = dict(re.findall(r'name="(seen[^"]*)"[^>]*value="([^"]*)"', client.get(row).text))
    taken = post(client, row, _row(0, given_name="Eva", number="1") | seen)
    assert taken.status_code == 422
    assert "already has a row with this number" in taken.text
    assert post(client, row, _row(0, given_name="Eva", number="7") | seen).status_code == 303
    page = client.get(address).text
    assert re.findall(r'data-label="Row">(\d+)<', page) == ["7", "1"]
    assert post(client, f"{row}/remove").status_code == 303
    assert post(client, address, _row(0, given_name="Mika", number="7")).status_code == 303
    page = client.get(address).text
    assert re.findall(r'data-label="Row">(\d+)<', page) == ["7", "1"]
    assert "Mika Núñez" in page


@pytest.mark.parametrize(
    ("ticked", "hints"),
    [
        (["news"], ["gets news"]),
        (["network"], ["gets new actions"]),
        (["news", "network"], ["gets news, gets new actions"]),
    ],
)
def test_a_row_says_which_mails_its_person_gets(
    client: FlaskClient, app: Flask, ticked: list[str], hints: list[str]
) -> None:
    address = f"/desk/paper/{_new_sheet(app)}"
    sign_in(client, app, Role.STAFF)
    ticks = dict.fromkeys(ticked, "y")
    assert post(client, address, _row(0, email="ana@example.org", **ticks)).status_code == 303
    assert re.findall(r'class="hint">(gets [^<]+)<', client.get(address).text) == hints


def test_a_sheet_without_a_country_is_given_none(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        sheet = make_sheet(session, country="", origin=Origin.IMPORT)
        number, address = sheet.id, f"/desk/paper/{sheet.public_id}"
    sign_in(client, app, Role.STAFF)
    rows = html.fromstring(client.get(address).text)
    assert rows.get_element_by_id("country-0").value == ""
    assert post(client, address, _row(0, country="")).status_code == 422
    (form,) = (
        form
        for form in html.fromstring(client.get(f"{address}/about").text).forms
        if "place" in form.fields
    )
    assert form.fields["country"] == ""
    sent = post(client, f"{address}/about", dict(form.fields) | {"place": "Hull"})
    assert sent.status_code == 303
    with app.app_context(), db.reading() as session:
        kept = session.get_one(PaperSheet, number)
        assert (kept.country, kept.place) == ("", "Hull")


def test_a_sheet_with_a_country_keeps_one(client: FlaskClient, app: Flask) -> None:
    address = f"/desk/paper/{_new_sheet(app)}/about"
    sign_in(client, app, Role.STAFF)
    country = html.fromstring(client.get(address).text).get_element_by_id("country")
    assert (country.value, "" in country.value_options) == ("CA", False)


def test_the_language_of_a_sheet_is_said(client: FlaskClient, app: Flask) -> None:
    """It is that of the campaign where nobody chose one."""
    with app.app_context(), db.transaction() as session:
        chosen, ours = (
            make_sheet(session, locale="ar"),
            make_sheet(session, make_campaign(session, slug="ua-2-26")),
        )
        addresses = [f"/desk/paper/{sheet.public_id}" for sheet in (chosen, ours)]
    sign_in(client, app, Role.STAFF)
    listed = html.fromstring(client.get("/desk/paper/").text)
    assert listed.findtext(".//title").count("Paper signatures") == 1
    assert [cell.text for cell in listed.xpath("//tbody/tr/td[3]")] == ["English", "Arabic"]
    heads = [
        html.fromstring(client.get(address).text).xpath("string(//*[@class='kicker'])")
        for address in addresses
    ]
    assert [head.rpartition(" · ")[2] for head in heads] == ["Arabic", "English"]


def test_a_place_beyond_every_sheet_shows_no_row(client: FlaskClient, app: Flask) -> None:
    address = f"/desk/paper/{_new_sheet(app)}"
    sign_in(client, app, Role.STAFF)
    for start in ("-1", "x", "9" * 23):
        assert client.get(f"{address}?from={start}").status_code == 200


def test_the_case_page_says_how_many_signed_on_paper(client: FlaskClient, app: Flask) -> None:
    with app.app_context(), db.transaction() as session:
        sheet = make_sheet(session)
        add_confirmed(session, sheet.campaign, 2)
        data_entry.add_row(session, sheet, ANA, actor="a")
        slug = sheet.campaign.slug
    with app.app_context():
        jobs.run_now("campaigns.count")
    page = client.get(f"/en/actions/{slug}").text
    assert "3 people have written" in page
    assert "of these, 1 on paper" in page


def test_a_scan_is_judged_by_content_and_lies_sealed(client: FlaskClient, app: Flask) -> None:
    sheet = _new_sheet(app)
    sign_in(client, app, Role.STAFF)
    address = f"/desk/paper/{sheet}/scans"
    lie = post(client, address, {"scan": (io.BytesIO(b"MZ not a picture"), "scan.jpg")})
    assert lie.status_code == 422
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    picture = out.getvalue() + b"trailing secret"
    assert post(client, address, {"scan": (io.BytesIO(picture), "x.pdf")}).status_code == 303
    (shown,) = re.findall(r'src="([^"]+page-1\.jpg)"', client.get(f"/desk/paper/{sheet}").text)
    body = client.get(shown)
    assert body.data.startswith(b"\xff\xd8")
    assert b"secret" not in body.data
    assert body.headers["Cache-Control"] == "no-store"
    with app.app_context():
        files = [
            path for path in app.extensions["settings"].files_folder.rglob("*") if path.is_file()
        ]
    assert files
    assert all(not path.read_bytes().startswith(b"\xff\xd8") for path in files)


@pytest.mark.both_engines
def test_the_pdf_of_a_scan_asks_who_one_is_and_leaves_a_line(
    client: FlaskClient, app: Flask
) -> None:
    sheet = _new_sheet(app)
    sign_in(client, app, Role.STAFF)
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PDF")
    pdf = out.getvalue()
    assert post(client, f"/desk/paper/{sheet}/scans", {"scan": (io.BytesIO(pdf), "x.pdf")})
    page = client.get(f"/desk/paper/{sheet}/about").text
    (address,) = re.findall(r'action="([^"]+/download)"', page)
    assert client.get(address).status_code == 405
    with client.session_transaction() as cookie:
        cookie["fs_paa"] -= 16 * 60
    asked = post(client, address)
    assert asked.status_code == 303
    assert b"%PDF" not in asked.data
    assert asked.location.startswith("/desk/confirm?next=")
    with client.session_transaction() as cookie:
        cookie["fs_paa"] += 16 * 60
    assert post(client, address).data == pdf
    with app.app_context(), db.reading() as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert entry.action == "scan.download"


def test_organizers_find_no_paper_and_another_sheet_has_no_such_row(
    client: FlaskClient, app: Flask
) -> None:
    sheet, other = _new_sheet(app), _new_sheet(app)
    with app.app_context(), db.transaction() as session:
        row = data_entry.add_row(
            session,
            sheets.get_sheet(session, sheet, by=StaffUser(role=Role.STAFF, active=True)),
            ANA,
            actor="a",
        ).public_id
    sign_in(client, app, Role.ORGANIZER)
    assert client.get(f"/desk/paper/{sheet}").status_code == 404
    sign_in(client, app, Role.STAFF)
    assert client.get(f"/desk/paper/{sheet}/rows/{row}").status_code == 200
    assert client.get(f"/desk/paper/{other}/rows/{row}").status_code == 404
    assert client.post(f"/desk/paper/{sheet}", data=_row(0)).status_code == 400, "no token"


@pytest.fixture
def scan() -> dict[str, object]:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "white").save(out, "PNG")
    return {"scan": (io.BytesIO(out.getvalue()), "scan.png")}


@pytest.mark.both_engines
def test_a_sheet_that_is_deleted_while_its_scan_is_read_is_not_found(
    client: FlaskClient, app: Flask, scan: dict[str, object]
) -> None:
    public_id = _new_sheet(app)
    sign_in(client, app, Role.STAFF)

    def delete(session: Session) -> None:
        sheet = session.scalars(select(PaperSheet)).one()
        sheets.delete_sheet(session, sheet, actor="other")

    with do_meanwhile(app, delete):
        assert post(client, f"/desk/paper/{public_id}/scans", scan).status_code == 404


@pytest.mark.both_engines
def test_two_scans_at_once_are_not_more_than_a_sheet_may_have(
    client: FlaskClient, app: Flask, scan: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    public_id = _new_sheet(app)
    sign_in(client, app, Role.STAFF)
    monkeypatch.setattr(scans, "MAX_SCANS", 1)

    def attach(session: Session) -> None:
        read = scans.ReadScan(ScanKind.IMAGE, [b"a page"])
        sheet_id = session.scalars(select(PaperSheet.id)).one()
        scans.keep_scan(session, read, actor="other", sheet_id=sheet_id)

    with do_meanwhile(app, attach):
        answer = post(client, f"/desk/paper/{public_id}/scans", scan)
    assert answer.status_code == 422
    assert "at most twelve scans" in answer.text
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Scan)) == 1


@pytest.mark.parametrize(("days", "is_possible"), [(183, True), (184, False), (365, False)])
def test_a_year_that_was_mistyped_is_refused(
    session: Session, days: int, is_possible: bool
) -> None:
    campaign = make_campaign(session)
    assert campaign.issued_on is not None
    day = campaign.issued_on - timedelta(days=days)
    if is_possible:
        assert make_sheet(session, campaign, collected_on=day).collected_on == day
        return
    sheet = make_sheet(session, campaign)
    for keep in (
        lambda: make_sheet(session, campaign, collected_on=day),
        lambda: sheets.edit_sheet(session, sheet, {"collected_on": day}, actor="test"),
    ):
        with pytest.raises(Invalid) as refused:
            keep()
        assert refused.value.fields == {"collected_on": "day-long-before"}


@pytest.mark.parametrize(
    ("origin", "words"),
    [(Origin.PAPER, "Also signed on paper"), (Origin.IMPORT, "Also in an imported list")],
)
def test_the_sheet_says_where_somebody_signed_too(
    app: Flask, client: FlaskClient, session: Session, origin: Origin, words: str
) -> None:
    sign_in(client, app, Role.STAFF)
    campaign = make_campaign(session)
    first = make_sheet(session, campaign, origin=origin)
    second = make_sheet(session, campaign)
    for sheet in (first, second):
        data_entry.add_row(session, sheet, ANA, actor="test")
    session.commit()
    page = client.get(f"/desk/paper/{second.public_id}").text
    shown = [text for text in ("Also signed on paper", "Also in an imported list") if text in page]
    assert shown == [words]
