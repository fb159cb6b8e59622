"""Commands: what they refuse before anything starts, and what they say of what is wrong."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click import ClickException
from click.testing import CliRunner
from gunicorn.config import Config

from campaign import cli
from campaign.commands import serve
from campaign.commands.children import Child, watch
from campaign.commands.database import db as db_command
from campaign.commands.doctor import doctor
from campaign.errors import UnsafeSettings


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(tmp_path))
    return tmp_path


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


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


@pytest.fixture
def _signals() -> Iterator[None]:
    """What stops a run goes on stopping it."""
    kinds = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(kind) for kind in kinds]
    yield
    for kind, handler in zip(kinds, before, strict=True):
        signal.signal(kind, handler)


class _Ending(Child):
    """When it is looked at, somebody ends the command."""

    @property
    def has_ended(self) -> bool:
        os.kill(os.getpid(), signal.SIGTERM)
        return super().has_ended


def _staying(kind: type[Child]) -> Child:
    """A process that goes on until it is asked to end, and is ready to be asked."""
    ready, told = os.pipe()
    child = kind.fork()
    if child is None:
        try:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.write(told, b".")
            while True:
                signal.pause()
        finally:
            os._exit(1)
    assert os.read(ready, 1)
    os.close(ready)
    os.close(told)
    return child


@pytest.mark.usefixtures("_signals")
def test_where_one_process_ends_by_itself_the_others_are_ended_and_it_is_said() -> None:
    failing = Child.fork()
    if failing is None:
        os._exit(3)
    staying = _staying(Child)
    with pytest.raises(ClickException, match="ended by itself"):
        watch([failing, staying])
    assert (failing.wait(), failing.has_ended) == (3, True)
    assert staying.wait() == -signal.SIGINT


@pytest.mark.usefixtures("_signals")
def test_who_ends_the_command_ends_its_processes() -> None:
    staying = _staying(_Ending)
    watch([staying])
    assert staying.wait() == -signal.SIGINT


def test_what_cannot_be_prepared_is_said_once_and_nothing_is_served(instance: Path) -> None:
    production = {
        "CAMPAIGN_MODE": "production",
        "CAMPAIGN_BASE_URL": "https://letters.example.org",
        "CAMPAIGN_MAIL_TRANSPORT": "smtp",
    }
    done = subprocess.run(
        [sys.executable, "-m", "campaign", "run", "--demo", "--port", str(free_port())],
        env=os.environ | production, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "campaign: the demo has no place on a site in production\n"


def test_the_doctor_outlives_a_damaged_anchor(instance: Path) -> None:
    assert CliRunner().invoke(db_command, ["upgrade"]).exit_code == 0
    (instance / "audit.anchor").write_text("c29tZXRoaW5nIGVsc2U=")
    answer = CliRunner().invoke(doctor)
    assert "audit      to mend" in answer.output
    assert "audit.anchor was changed" in answer.output
    assert "mail       ok" in answer.output


def test_a_bug_in_a_command_quotes_nothing_in_production(
    instance: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {
        "MODE": "production",
        "BASE_URL": "https://letters.example.org",
        "MAIL_TRANSPORT": "smtp",
    }.items():
        monkeypatch.setenv(f"CAMPAIGN_{name}", value)

    @cli.campaign.command("fail")
    def fail() -> None:
        raise LookupError("planted-name")

    monkeypatch.setattr(sys, "argv", ["campaign", "fail"])
    with pytest.raises(SystemExit, match="1"):
        cli.main()
    said = capsys.readouterr().err
    assert said.startswith("campaign: LookupError at ")
    assert "planted-name" not in said
    del cli.campaign.commands["fail"]


def test_the_server_says_where_an_answer_failed_and_not_what_it_quoted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log = serve.PlaceLogger(Config())
    try:
        {}["planted-name"]
    except KeyError:
        log.exception("Error handling request %s", "/desk/audit/entries.csv")
    said = capsys.readouterr().err
    assert "Error handling request /desk/audit/entries.csv: KeyError at test_commands.py" in said
    assert "planted-name" not in said
