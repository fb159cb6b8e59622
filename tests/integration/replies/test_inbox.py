"""An official's mail to a campaign's address becomes a draft, once, and nothing is published."""

import io
import mailbox
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from click.testing import CliRunner
from flask import Flask
from PIL import Image
from sqlalchemy import func, select, text

from campaign.commands.instance import files_group
from campaign.commands.reply_mail import reply_mail
from campaign.core import db, jobs
from campaign.core.isolation import run_apart as isolation
from campaign.core.settings import Settings
from campaign.mail import mailboxes
from campaign.models.campaign import Campaign, Update
from campaign.models.directory import ContactDetail
from campaign.models.paper_signature import Scan
from campaign.models.reply import Reply, ReplyState
from campaign.models.staff import Role
from campaign.paper_signatures import scans
from campaign.replies import inbox
from campaign.replies.mime import MAX_BYTES
from tests.factories import make_campaign, post, sign_in

OFFICE = "oficina@altamar.example"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty Maildir."""
    mailbox.Maildir(str(tmp_path / "replies"))
    return tmp_path / "replies"


@pytest.fixture
def app(app: Flask, folder: Path) -> Flask:
    """An instance with a mailbox for answers."""
    settings: Settings = app.extensions["settings"]
    app.extensions["settings"] = settings.model_copy(
        update={"reply_address": "reply@example.org", "reply_maildir": str(folder)}
    )
    return app


@pytest.fixture
def address(app: Flask) -> str:
    """The address of a campaign whose target has one in the directory."""
    with app.app_context(), db.transaction() as session:
        campaign = make_campaign(session)
        contact = ContactDetail(type="email", value=OFFICE.upper())
        campaign.targets[0].official.contacts.append(contact)
        return inbox.address_of(campaign)


def make_mail(to: str, sender: str = OFFICE, **headers: str) -> EmailMessage:
    """An answer."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Office <{sender}>", to.upper(), "Su carta"
    mail["Message-ID"] = headers.pop("Message_ID", "<1@altamar.example>")
    mail.set_content("Hemos recibido su carta.")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    return mail


def put(folder: Path, *mails: EmailMessage) -> None:
    """Deliver mails."""
    box = mailbox.Maildir(str(folder))
    for mail in mails:
        box.add(mail.as_bytes())


def left(folder: Path) -> int:
    """Mails that are still there."""
    return len(list((folder / "new").iterdir()))


def test_a_mail_becomes_one_sealed_draft(app: Flask, folder: Path, address: str) -> None:
    mail = make_mail(address)
    mail.add_attachment(b"MZ evil", maintype="image", subtype="png", filename="../../x.png")
    mail.add_attachment(b"%PDF-1.7 broken", maintype="application", subtype="pdf")
    put(folder, mail, mail)
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            reply = session.scalars(select(Reply)).one()
            assert reply.text == "Hemos recibido su carta."
            assert (reply.state, reply.sender_known, reply.locale) == (ReplyState.DRAFT, True, "en")
            assert reply.target is not None
            assert [scan.kind.value for scan in session.scalars(select(Scan))] == ["pdf"]
            assert session.scalar(select(func.count(Update.id))) == 0
    assert left(folder) == 0
    kept = [path for path in app.extensions["settings"].files_folder.rglob("*") if path.is_file()]
    assert all(b"%PDF" not in path.read_bytes() for path in kept)


@pytest.mark.parametrize(
    ("says", "language"), [("", "es"), ("pt-BR", "pt"), ("fr-CA, en", "fr"), ("xx-klingon", "es")]
)
def test_a_draft_is_in_the_language_of_its_mail_or_of_the_campaigns_letters(
    app: Flask, folder: Path, address: str, says: str, language: str
) -> None:
    headers = {"Content_Language": says} if says else {}
    with app.app_context(), db.transaction() as session:
        campaign = session.scalars(select(Campaign)).one()
        campaign.letter_locales = ["es", "en"]
        campaign.targets[0].official.preferred_locale = "en"
    put(folder, make_mail(address, **headers))
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            assert session.scalars(select(Reply.locale)).one() == language


@pytest.mark.both_engines
def test_an_unknown_sender_is_marked(app: Flask, folder: Path, address: str) -> None:
    put(folder, make_mail(address, sender="somebody@elsewhere.example"))
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            reply = session.scalars(select(Reply)).one()
            assert not reply.sender_known
            assert reply.target is None


def test_machines_make_no_draft_and_mail_for_nobody_stays(
    app: Flask, folder: Path, address: str
) -> None:
    forged = address.replace("+", "+a", 1)
    put(
        folder,
        make_mail(address, Auto_Submitted="auto-replied"),
        make_mail("reply@example.org"),
        make_mail(forged),
    )
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            assert session.scalar(select(func.count(Reply.id))) == 0
    assert left(folder) == 0
    assert len(list((folder / "cur").iterdir())) == 2


def test_a_mail_servers_pipe_hands_a_mail_over(
    app: Flask, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = app.extensions["settings"]
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.instance))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("CAMPAIGN_REPLY_ADDRESS", settings.reply_address)
    run = CliRunner().invoke
    mail = make_mail("undisclosed@example.org").as_bytes()
    assert run(reply_mail, ["--to", address], input=mail).exit_code == 0
    assert run(reply_mail, ["--to", address], input=mail).exit_code == 0, "the same again"
    refused = run(reply_mail, ["--to", "reply+x@example.org"], input=mail)
    assert refused.exit_code == 1
    with app.app_context(), db.reading() as session:
        assert session.scalar(select(func.count(Reply.id))) == 1
        assert session.scalar(select(func.count(Campaign.id))) == 1


def test_many_emails_for_one_campaign_hold_up_no_official_and_no_other_campaign(
    app: Flask, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context(), db.transaction() as session:
        other = inbox.address_of(make_campaign(session))
    stranger = "somebody@elsewhere.example"
    flood = [make_mail(address, stranger, Message_ID=f"<{number}@x>") for number in range(3)]
    put(folder, *flood)
    put(folder, make_mail(other, stranger, Message_ID="<8@x>"), make_mail(address))
    monkeypatch.setattr(mailboxes, "_SECONDS_OF_SHARE", 0.0)
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            query = select(Reply.campaign_id, Reply.sender_known).order_by(Reply.id)
            read = list(session.execute(query))
        assert sorted(read[:3]) == [(1, False), (1, True), (2, False)]
        assert read[3:] == [(1, False)] * 2, "the time that is left is theirs"


def nested_mail(to: str) -> bytes:
    """A small mail that no reader gets to the end of."""
    parts = (f'Content-Type: multipart/mixed; boundary="{n}"\n\n--{n}\n' for n in range(1_000))
    return f"To: {to}\nFrom: {OFFICE}\nSubject: Zzyzx\n".encode() + "".join(parts).encode()


def test_a_mail_that_fails_twice_is_put_aside_sealed_and_told(
    app: Flask, folder: Path, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = nested_mail(address)
    mailbox.Maildir(str(folder)).add(raw)
    put(folder, make_mail(address))
    client = app.test_client()
    with app.app_context():
        jobs.run_now("replies.read-mail")
        assert left(folder) == 1, "the other is a draft"
        assert mailboxes.list_put_aside() == []
        jobs.run_now("replies.read-mail")
        assert left(folder) == 0
        (name,) = mailboxes.list_put_aside()
        jobs.run_now("replies.read-mail")
        assert mailboxes.list_put_aside() == [name]
    kept = [path for path in app.extensions["settings"].files_folder.rglob("*") if path.is_file()]
    assert all(b"Zzyzx" not in path.read_bytes() for path in kept)
    sign_in(client, app, Role.ADMIN)
    assert "campaign files aside" in client.get("/desk/today").text

    settings = app.extensions["settings"]
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.instance))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.database_url)
    run, aside = CliRunner().invoke, name.rpartition("/")[2]
    assert run(files_group, ["aside"]).output == f"{aside}\n"
    assert run(files_group, ["aside", aside]).stdout_bytes == raw
    assert run(files_group, ["aside", aside, "--remove"]).exit_code == 0
    assert run(files_group, ["aside", aside]).exit_code == 1
    assert "campaign files aside" not in client.get("/desk/today").text


@pytest.mark.both_engines
def test_others_write_while_a_mail_is_read(
    app: Flask, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers choose how long that takes, and SQLite lets one write at a time."""
    picture, read = io.BytesIO(), []
    Image.new("RGB", (9, 9)).save(picture, "PNG")
    mail = make_mail(address)
    mail.add_attachment(picture.getvalue(), maintype="image", subtype="png", filename="a.png")

    def write() -> None:
        with app.app_context(), db.transaction() as other:
            other.execute(text("UPDATE campaign SET slug = slug"))

    def run_apart(reader: Callable[..., Any], data: bytes, **options: Any) -> Any:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(write).result(timeout=30)
        read.append(reader.__name__)
        return isolation.run_apart(reader, data, **options)

    for module in (inbox, scans):
        monkeypatch.setattr(module, "run_apart", run_apart)
    with app.app_context(), db.transaction() as session:
        inbox.save_email(session, mail.as_bytes())
    assert read == ["read_head", "read_email", "redraw_picture"]


def test_mail_for_nobody_is_read_no_further(app: Flask) -> None:
    """Whatever is in it."""
    with app.app_context(), db.transaction() as session:
        for raw in (nested_mail("reply@example.org"), b"To: x@y\n\n" + b"z" * (MAX_BYTES + 1)):
            with pytest.raises(inbox.EmailRejected, match="mail-for-nobody"):
                inbox.save_email(session, raw)


@pytest.mark.both_engines
def test_a_mails_pdf_is_drawn_when_somebody_asks_and_its_tiff_never_read(
    app: Flask, folder: Path, address: str
) -> None:
    pdf, tiff = io.BytesIO(), io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 100))
        document.save(pdf)
    Image.new("RGB", (9, 9)).save(tiff, "TIFF")
    mail = make_mail(address)
    mail.add_attachment(pdf.getvalue(), maintype="application", subtype="pdf", filename="a.pdf")
    mail.add_attachment(tiff.getvalue(), maintype="image", subtype="tiff", filename="a.tiff")
    put(folder, mail)
    with app.app_context():
        jobs.run_now("replies.read-mail")
        with db.reading() as session:
            scan = session.scalars(select(Scan)).one()
            reply = session.scalars(select(Reply)).one()
            assert (scan.kind.value, scan.pages) == ("pdf", 0)
    page = f"/desk/replies/{reply.public_id}"
    client = app.test_client()
    sign_in(client, app, Role.ADMIN)
    assert "Create page pictures" in client.get(page).text
    draw = f"{page}/scans/{scan.public_id}/draw"
    assert post(client, draw, {}).status_code == 303
    assert "Create page pictures" not in client.get(page).text
    assert client.get(f"{page}/scans/{scan.public_id}/page-1.jpg").data.startswith(b"\xff\xd8")
    assert post(client, draw, {}).status_code == 303, "once more"
