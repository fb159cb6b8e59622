"""What `deploy/` starts exists: commands, their options, settings."""

import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from campaign.core.settings import Settings
from campaign.core.unsafe_settings import refuse_unsafe
from tests.integration.commands.test_docs import assert_command

DEPLOY = Path(__file__).parents[3] / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}


def test_the_recipe_of_the_image_is_sound() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    subprocess.run([linter, DEPLOY / "Dockerfile"], check=True)


def test_nothing_runs_as_root_or_writes_to_its_image() -> None:
    recipe = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)$", recipe, re.MULTILINE) == ["10001"]
    for service in OURS.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert any(mount.startswith("/srv/campaign/scratch:") for mount in service["tmpfs"])


def read_call(name: str, tmp_path: Path) -> str:
    """The entry script hands on its words; `campaign` here writes down how it was called."""
    log = tmp_path / "called"
    log.unlink(missing_ok=True)
    (tmp_path / "campaign").write_text(f'#!/bin/sh\necho campaign "$@" >>{log}\n')
    (tmp_path / "campaign").chmod(0o755)
    # What would go on for days ends at its first pause.
    (tmp_path / "sleep").write_text("#!/bin/sh\nkill $PPID\n")
    (tmp_path / "sleep").chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run([DEPLOY / "entrypoint.sh", *OURS[name]["command"]], env=environment, check=False)
    (line,) = log.read_text().splitlines()
    return line


@pytest.mark.parametrize("name", OURS)
def test_a_container_does_what_there_is(name: str, tmp_path: Path) -> None:
    assert_command(read_call(name, tmp_path))


def test_settings_of_the_containers_exist_and_are_safe(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = (DEPLOY / "campaign.env.example").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    for name, value in (given | OURS["web"]["environment"]).items():
        if name.startswith("CAMPAIGN_"):
            assert name.removeprefix("CAMPAIGN_").lower() in Settings.model_fields, name
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.mode == "production"
    assert settings.backup_days == int(given["BACKUP_DAYS"])
    refuse_unsafe(settings)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_what_there_is_and_may_do_little(path: Path) -> None:
    config = RawConfigParser(strict=False)
    config.optionxform = str  # type: ignore[assignment, method-assign]
    config.read_string(path.read_text(encoding="utf-8"))
    service = dict(config["Service"])
    assert service["User"] == "campaign"
    assert service["NoNewPrivileges"] == "true"
    assert service["ProtectSystem"] == "strict"
    (command,) = re.findall(r"/opt/campaign/bin/(campaign [\w -]+)", service["ExecStart"])
    assert_command(command)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this machine has no systemd")
def test_systemd_reads_the_units_and_finds_them_closed(tmp_path: Path) -> None:
    for path in DEPLOY.glob("systemd/*"):
        text = path.read_text(encoding="utf-8").replace("/opt/campaign/bin/campaign", "/bin/true")
        (tmp_path / path.name).write_text(text)
    units = sorted(tmp_path.glob("*.service"))
    verify = ["systemd-analyze", "verify", "--man=no", *units, *tmp_path.glob("*.timer")]
    verified = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert [line for line in verified.stderr.splitlines() if str(tmp_path) in line] == []
    for unit_file in units:
        judge = ["systemd-analyze", "security", "--offline=true", "--threshold=40", unit_file]
        judged = subprocess.run(judge, capture_output=True, text=True, check=False)
        assert judged.returncode == 0, judged.stdout.splitlines()[-1]


def test_nginx_has_what_the_docs_say() -> None:
    page = (DEPLOY.parent / "docs/deploy.md").read_text(encoding="utf-8")
    sample = page[page.index("    limit_conn_zone") :]
    sample = sample[: sample.index("\n    }\n")]
    ours = {line.strip() for line in (DEPLOY / "nginx.conf").read_text("utf-8").splitlines()}
    assert {line.strip() for line in sample.splitlines()} <= ours
    assert "location ~ ^/(healthz|readyz)$ { return 404; }" in ours


def test_caddy_is_told_what_the_docs_say() -> None:
    page = (DEPLOY.parent / "docs/deploy.md").read_text(encoding="utf-8")
    ours = {line.strip() for line in (DEPLOY / "Caddyfile").read_text("utf-8").splitlines()}
    for setting in ("request_buffers", "response_buffers", "max_size", "header_up", "read_header"):
        (line,) = set(re.findall(rf"^ +({setting} .+)$", page, re.MULTILINE))
        assert line in ours
