"""Commands: what they refuse before anything starts, and what they say of what is wrong."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from gunicorn.config import Config

from campaign import cli, migrations
from campaign.commands import serve
from campaign.commands.backup import backup
from campaign.commands.demo import synth
from campaign.commands.doctor import doctor
from campaign.commands.instance import database_group as db_command
from campaign.commands.keys import keys
from campaign.core.errors import UnsafeSettings
from campaign.operations.health import is_nearly_full
from tests.commands import ROOT, Commands
from tests.smtp_server import serve as mail_server

MB = 1024**2


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(tmp_path))
    return tmp_path


@pytest.fixture
def migrated(instance: Path, sqlite_template: Path) -> Path:
    """The folder, with a database that is up to date."""
    shutil.copy(sqlite_template, instance / "campaign.sqlite")
    assert CliRunner().invoke(db_command, ["upgrade"]).exit_code == 0
    return instance


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("command", [serve.run, serve.web])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
@pytest.mark.parametrize("base_url", ["", "http://localhost:5000"])
def test_development_listens_on_no_address_that_others_reach(
    monkeypatch: pytest.MonkeyPatch, command: object, host: str, base_url: str
) -> None:
    """Whatever name of the site the settings say: it shows mails to everybody."""
    if base_url:
        monkeypatch.setenv("CAMPAIGN_BASE_URL", base_url)
    answer = CliRunner().invoke(command, ["--host", host, "--port", "5900"])  # type: ignore[arg-type]
    assert isinstance(answer.exception, UnsafeSettings)
    assert "shows mails to everybody" in str(answer.exception)


@pytest.mark.parametrize("begun", [0, 10, 15])
@pytest.mark.parametrize(
    "arguments", [["worker"], ["bundle", "ua-1-26", "--mission", "post", "--out", "out"]]
)
def test_who_waits_for_a_page_goes_first(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], begun: int
) -> None:
    """Told without the machine: tests that are nice themselves could not be less so."""
    niceness = {0: begun}
    monkeypatch.setattr(os, "getpriority", lambda _kind, process: niceness[process])
    monkeypatch.setattr(os, "setpriority", lambda _kind, *values: niceness.update([values]))
    answer = CliRunner().invoke(cli.campaign, arguments)
    assert "The database is empty" in answer.output
    assert niceness == {0: max(10, begun)}


_SUPERVISED = """
import os, signal, sys, types
package = types.ModuleType("campaign")  # without all that the real one loads
package.__path__ = [sys.argv[1]]
sys.modules["campaign"] = package
from campaign.commands.children import supervise

def stay(name):
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    os.write(1, f"{name} {os.getpid()}\\n".encode())  # at once: two processes say something
    while True:
        signal.pause()

def fail():
    sys.exit(3)

failing = "fail" in sys.argv
tasks = {"web server": lambda: stay("web"), "worker": fail if failing else lambda: stay("worker")}
task = supervise(tasks, soon=10 if failing else 0)
if task:
    task()
"""


def _supervised(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", _SUPERVISED, str(ROOT / "campaign"), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _read_pids(process: "subprocess.Popen[str]", lines: int) -> dict[str, int]:
    assert process.stdout is not None
    pairs = [process.stdout.readline().split() for _ in range(lines)]
    return {name: int(pid) for name, pid in pairs}


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_that_is_killed_is_started_again_and_the_site_goes_on() -> None:
    with _supervised() as process:
        first = _read_pids(process, 2)
        os.kill(first["worker"], signal.SIGKILL)
        second = _read_pids(process, 1)
        assert second["worker"] != first["worker"]
        assert _is_there(first["web"])
        process.send_signal(signal.SIGTERM)
        errors = process.communicate(timeout=120)[1]
    assert process.returncode == 0
    assert errors == "The worker was ended by signal 9. Starting it again.\n"
    assert not any(map(_is_there, [first["web"], second["worker"]]))


def test_what_ends_at_once_ends_the_others_and_is_said() -> None:
    with _supervised("fail") as process:
        errors = process.communicate(timeout=120)[1]
    assert process.returncode == 1
    assert "The worker ended with code 3 at once. Read its last lines." in errors


def test_what_cannot_be_prepared_is_said_once_and_nothing_is_served(commands: Commands) -> None:
    production = {
        "CAMPAIGN_MODE": "production",
        "CAMPAIGN_BASE_URL": "https://letters.example.org",
        "CAMPAIGN_MAIL_TRANSPORT": "smtp",
        "CAMPAIGN_SECOND_FACTOR_ROLES": "staff, admin",
    }
    done = commands.run(["run", "--demo", "--port", str(free_port())], {**os.environ, **production})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "campaign: you cannot load the demo on a site in production\n"


def test_the_doctor_outlives_a_damaged_anchor(migrated: Path) -> None:
    (migrated / "audit.anchor").write_text("c29tZXRoaW5nIGVsc2U=")
    answer = CliRunner().invoke(doctor)
    assert "audit      to fix" in answer.output
    assert "audit.anchor was changed" in answer.output
    assert "mail       ok" in answer.output


@pytest.mark.parametrize("move", [("upgrade",), ("downgrade", "--yes")])
def test_a_revision_that_does_not_exist_is_said(migrated: Path, move: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(db_command, [*move, "9999"])
    assert answer.exit_code == 1
    assert "cannot be moved to revision 9999" in answer.output
    assert migrations.newest_revision() in answer.output


def test_a_backup_names_every_key_that_it_needs(migrated: Path) -> None:
    answer = CliRunner().invoke(backup, [str(migrated / "first.zip")])
    assert "elsewhere (data.key)." in answer.output
    assert CliRunner().invoke(keys, ["add"]).exit_code == 0
    answer = CliRunner().invoke(backup, [str(migrated / "second.zip")])
    assert "elsewhere (data.key, data-2.key)." in answer.output


def test_people_are_invented_for_no_campaign_that_does_not_exist(migrated: Path) -> None:
    answer = CliRunner().invoke(synth, ["nobody", "--signatures", "3"])
    assert (answer.exit_code, answer.output.splitlines()[-1]) == (
        1,
        "Error: There is no campaign nobody.",
    )


def test_the_doctor_says_what_is_wrong_with_the_mail_server(
    migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("CAMPAIGN_MAIL_TRANSPORT", "smtp")
    monkeypatch.setenv("CAMPAIGN_SMTP_PORT", str(port))
    assert f"{port} cannot be reached (" in CliRunner().invoke(doctor).output
    with mail_server() as server:
        monkeypatch.setenv("CAMPAIGN_SMTP_PORT", str(server.port))
        assert "needs: STARTTLS extension not" in CliRunner().invoke(doctor).output
        monkeypatch.setenv("CAMPAIGN_SMTP_SECURITY", "none")
        assert "mail       ok" in CliRunner().invoke(doctor).output
        monkeypatch.setenv("CAMPAIGN_SMTP_USER", "letters")
        assert "needs: SMTP AUTH extension not" in CliRunner().invoke(doctor).output


def test_the_doctor_says_that_second_factors_are_waived(
    migrated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waived = "settings   ok, staff and admins sign in with only a password (second_factor_waived)"
    assert waived not in CliRunner().invoke(doctor).output
    for name, value in {
        "MODE": "production",
        "BASE_URL": "https://letters.example.org",
        "MAIL_TRANSPORT": "smtp",
        "SMTP_PORT": str(free_port()),
        "SECOND_FACTOR_WAIVED": "true",
    }.items():
        monkeypatch.setenv(f"CAMPAIGN_{name}", value)
    assert waived in CliRunner().invoke(doctor).output
    monkeypatch.setenv("CAMPAIGN_SECOND_FACTOR_ROLES", "staff, admin")
    monkeypatch.setenv("CAMPAIGN_ADMIN_SECOND_FACTOR", "hardware_key")
    output = CliRunner().invoke(doctor).output
    assert waived not in output
    assert "admins need a hardware key (admin_second_factor): 0 of 0 lack it" in output


def test_a_bug_in_a_command_quotes_nothing_in_production(
    instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "MODE": "production",
        "BASE_URL": "https://letters.example.org",
        "MAIL_TRANSPORT": "smtp",
        "SECOND_FACTOR_ROLES": "staff, admin",
    }.items():
        monkeypatch.setenv(f"CAMPAIGN_{name}", value)

    @cli.campaign.command("fail")
    def fail() -> None:
        raise LookupError("planted-name")

    monkeypatch.setattr(sys, "argv", ["campaign", "fail"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    errors = capsys.readouterr().err
    assert errors.startswith("campaign: LookupError at ")
    assert "planted-name" not in errors
    del cli.campaign.commands["fail"]


def test_the_server_says_where_an_answer_failed_and_not_what_it_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = serve.PlaceLogger(Config())
    try:
        {}["planted-name"]
    except KeyError:
        log.exception("Error handling request %s", "/desk/audit/entries.csv")
    errors = capsys.readouterr().err
    assert "Error handling request /desk/audit/entries.csv: KeyError at test_commands.py" in errors
    assert "planted-name" not in errors


@pytest.mark.parametrize(
    ("free", "total", "full"),
    [
        (14 * MB, 100 * MB, True),
        (16 * MB, 100 * MB, False),  # a small disk, of which enough is free
        (1_000 * MB, 100_000 * MB, True),
        (3_000 * MB, 100_000 * MB, False),  # a small share of a large one, which will do
    ],
)
def test_a_disk_is_nearly_full_by_its_share_and_by_its_bytes(
    free: int, total: int, *, full: bool
) -> None:
    assert is_nearly_full(free, total) is full
