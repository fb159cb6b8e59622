"""Commands: what they refuse before anything starts, and what they say of what is wrong."""

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from gunicorn.config import Config

from campaign import cli
from campaign.commands import serve
from campaign.commands.database import db as db_command
from campaign.commands.doctor import doctor
from campaign.errors import UnsafeSettings


@pytest.fixture(autouse=True)
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(tmp_path))
    return tmp_path


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
