"""`campaign install check` on an instance whose mail server and name server are here."""

import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dns.resolver
import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result
from flask import Flask

from campaign.cli import campaign
from campaign.commands.doctor import CHECKS
from campaign.commands.install_check import list_checks
from campaign.core import clock, jobs
from campaign.core.settings import Settings
from campaign.operations.outside_checks import Note, read_database_clock
from tests import imap_server
from tests.dns_server import Records, serve_dns
from tests.imap_server import Mailbox

SIGNED = (
    b"DKIM-Signature: v=1; a=ed25519-sha256; d=example.org; s=k1;\r\n"
    b" h=From:To:Subject:List-Unsubscribe:List-Unsubscribe-Post; bh=AA; b=AA\r\n"
)
RECORDS: Records = {
    ("example.org", "TXT"): ['"v=spf1 mx -all"'],
    ("example.org", "MX"): ["10 mail.example.org."],
    ("k1._domainkey.example.org", "TXT"): ['"v=DKIM1; k=ed25519; p=AAAA"'],
    ("_dmarc.example.org", "TXT"): ['"v=DMARC1; p=reject"'],
}


class Delivery:
    """A mail server that signs what it takes, and delivers it to a Maildir."""

    def __init__(self, maildir: Path) -> None:
        self.maildir = maildir
        self.subfolder = "new"
        self.signature = SIGNED
        self.recipients: list[str] = []
        self.refuses = ""
        self.box: Mailbox | None = None

    async def handle_RCPT(  # noqa: N802
        self, _server: object, _session: object, envelope: object, address: str, _options: object
    ) -> str:
        if address == self.refuses:
            return "550 5.7.1 relay access denied"
        envelope.rcpt_tos.append(address)  # type: ignore[attr-defined]
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: object, envelope: object) -> str:  # noqa: N802
        raw = envelope.original_content  # type: ignore[attr-defined]
        self.recipients += envelope.rcpt_tos  # type: ignore[attr-defined]
        name = f"mail-{len(self.recipients)}"
        if self.box:
            self.box.add((self.signature + raw).replace(b"\r\n", b"\n"))
        elif self.maildir.exists():
            (self.maildir / self.subfolder / name).write_bytes(self.signature + raw)
        return "250 OK"


@pytest.fixture
def delivery(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Delivery]:
    """The mail server of an instance whose name server is this machine, too."""
    maildir = tmp_path / "bounces"
    for part in ("cur", "new", "tmp"):
        (maildir / part).mkdir(parents=True)
    handler = Delivery(maildir)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for name, value in {
        "INSTANCE": settings.folder,
        "DATABASE_URL": settings.database_url,
        "MAIL_TRANSPORT": "smtp",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": port,
        "SMTP_SECURITY": "none",
        "BOUNCE_MAILDIR": maildir,
    }.items():
        monkeypatch.setenv(f"CAMPAIGN_{name}", str(value))
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    with serve_dns(dict(RECORDS)) as resolver:
        monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
        yield handler
    controller.stop()


def run_check(*arguments: str) -> Result:
    return CliRunner().invoke(campaign, ["install", "check", "--wait", "0", *arguments])


def read_check(name: str, *arguments: str) -> tuple[list[str], list[str]]:
    """Run all checks, and return what is to be fixed of one, and its notes."""
    report = json.loads(run_check("--json", *arguments).stdout)
    (result,) = [result for result in report["checks"] if result["name"] == name]
    return result["to_fix"], result["notes"]


def test_a_test_email_goes_to_no_address_that_is_none() -> None:
    answer = CliRunner().invoke(campaign, ["install", "check", "--mail-to", "foo"])
    assert answer.exit_code == 2
    assert "it is not an email address" in answer.output


@pytest.mark.both_engines
def test_the_doctors_checks_come_first_and_each_fault_has_its_remedy(delivery: Delivery) -> None:
    result = run_check()
    names = [line[:10].strip() for line in result.output.splitlines() if line[:1].strip()]
    assert names[: len(CHECKS)] == list(CHECKS)
    assert names[len(CHECKS) :][:5] == ["dns", "site", "tls", "clock", "worker"]
    assert "site       to fix" in result.output, "nothing listens at the default address"
    assert "Start one (campaign worker)" in result.output
    assert "tls        skipped, not seen: the site does not answer" in result.output
    assert "dmarc      ok, _dmarc.example.org says p=reject" in result.output
    assert result.exit_code == 1
    report = json.loads((as_json := run_check("--json")).stdout)
    assert as_json.exit_code == 1
    assert report["ok"] is False


@pytest.mark.parametrize("subfolder", ["new", "cur"])
def test_a_signed_email_that_comes_back_is_well_and_is_removed(
    delivery: Delivery, subfolder: str
) -> None:
    """The background service may have seen it before: then it is in `cur`."""
    delivery.subfolder = subfolder
    to_fix, notes = read_check("test email", "--mail-to", "ada@example.net")
    assert to_fix == []
    assert delivery.recipients == ["ada@example.net", "letters@example.org"]
    assert "dkim=pass" in notes[0]
    assert notes[1] == "the one to letters@example.org came back"
    left = [path.read_bytes() for path in (delivery.maildir / subfolder).iterdir()]
    assert [b"To: ada@example.net" in mail for mail in left] == [True], "it is not ours to remove"


@pytest.mark.parametrize(
    ("signature", "expected"),
    [
        (b"", "came back without a DKIM signature of example.org"),
        (SIGNED.replace(b"d=example.org", b"d=provider.example"), "without a DKIM signature"),
        (SIGNED.replace(b"s=k1", b"s=k2"), "a key that is not in DNS at k2._domainkey.example.org"),
        (SIGNED.replace(b":List-Unsubscribe-Post", b""), "does not cover list-unsubscribe-post"),
    ],
)
def test_a_signature_that_others_cannot_use_is_named(
    delivery: Delivery, signature: bytes, expected: str
) -> None:
    delivery.signature = signature
    to_fix, _notes = read_check("test email")
    assert len(to_fix) == 1
    assert expected in to_fix[0]


def test_an_email_that_is_refused_or_gets_lost_is_said(delivery: Delivery) -> None:
    delivery.refuses = "ada@example.net"
    (refused,), _ = read_check("test email", "--mail-to", "ada@example.net")
    assert "refuses an email to ada@example.net (recipient refused: 550)" in refused
    delivery.signature = b"Message-ID: <other@example.org>\r\nX-Quotes: "
    (lost,), _ = read_check("test email")
    assert "was not in" in lost, "an email that only names ours is another"


def test_an_inbox_by_imap_is_looked_into_as_well(
    delivery: Delivery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with imap_server.serve(tmp_path) as box:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("CAMPAIGN_REPLY_ADDRESS", "reply@example.org")
        monkeypatch.setenv("CAMPAIGN_REPLY_IMAP", box.address)
        monkeypatch.setenv("CAMPAIGN_REPLY_IMAP_PASSWORD", imap_server.PASSWORD)
        monkeypatch.delenv("CAMPAIGN_BOUNCE_MAILDIR")
        delivery.box = box
        other = box.add(b"Message-ID: <other@example.org>\n\nHello")
        to_fix, notes = read_check("test email")
    assert (to_fix, notes) == ([], ["the one to reply@example.org came back"])
    assert list(box.mails) == [other]


@pytest.mark.both_engines
def test_a_background_service_that_takes_a_job_is_seen(app: Flask) -> None:
    settings: Settings = app.extensions["settings"]
    with app.app_context():
        checks = list_checks(settings, None, 0)
        assert "No background service took a job" in next(checks["worker"]())
        huey = jobs.queue().huey
        is_over = threading.Event()

        def work() -> None:
            while not is_over.wait(0.01):
                huey.dequeue()

        worker = threading.Thread(target=work)
        worker.start()
        sentences = list(list_checks(settings, None, 30)["worker"]())
        is_over.set()
        worker.join()
        assert sentences == []
        assert list(checks["test email"]()) == [Note("emails are written to files")]


@pytest.mark.both_engines
def test_the_clock_of_another_machine_is_the_databases_own(app: Flask) -> None:
    engine = app.extensions["database"].engine
    moment = read_database_clock(engine)
    if engine.dialect.name == "sqlite":
        assert moment is None, "it has none of its own"
    else:
        assert moment is not None
        assert abs(moment - clock.utcnow()) < timedelta(minutes=2)
