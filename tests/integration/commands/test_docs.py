"""What the documentation names exists."""

import re
import tomllib
from pathlib import Path

import click
import pytest

from campaign.cli import campaign
from campaign.commands.instance import settings_page
from campaign.core.settings import Settings

ROOT = Path(__file__).parents[3]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")} - {ROOT / "CHANGELOG.md"})


@pytest.fixture(params=PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def page(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def test_links_between_pages_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+?)\)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert missing == []


def test_tests_that_are_named_exist(page: Path) -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(r"(?:^ {4}|`)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert named <= targets


def test_commands_in_code_exist_with_their_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    code = re.findall(r"`(campaign [^`]+)`", text)
    code += re.findall(r"^ {4,}(?:\S*bin/)?(campaign [^\n#]+)", text, re.MULTILINE)
    for line in code:
        assert_command(line)


def assert_command(line: str) -> None:
    """The words lead to a command of ours, and it knows every option that is named."""
    command: click.Command = campaign
    words = line.split()[1:]
    while words and words[0][0] != "-" and isinstance(command, click.Group):
        name = words.pop(0)
        for part in name.split("|"):
            assert part in command.commands, f"no command {name!r} in {line!r}"
        command = command.commands[name.split("|")[0]]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    named = set(re.findall(r"(?<!\S)(--[a-z][a-z-]*)", line))
    assert named <= known, line


def test_deploy_names_one_program_and_makes_nothing_as_root() -> None:
    text = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    programs = set(re.findall(r"(/\S*/bin/(?:campaign|pip))\b", text))
    assert programs == {
        "/opt/campaign/bin/campaign",
        "/opt/campaign/bin/pip",
        "/usr/local/bin/campaign",
    }
    assert "exec runuser -u campaign -- env CAMPAIGN_INSTANCE=/srv/campaign/instance /opt" in text


def test_settings_that_deploy_names_exist() -> None:
    text = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^ +([a-z0-9_]+) = ", text, re.MULTILINE))
    named |= {name.lower() for name in re.findall(r"CAMPAIGN_([A-Z0-9_]+)", text)}
    assert named <= set(Settings.model_fields)
    assert {"mode", "base_url", "database_url"} <= named


def test_the_version_is_the_same_wherever_it_stands() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, pattern in {
        "CHANGELOG.md": r"\A.*?^## ([0-9.]+) - ",
        "publiccode.yml": r"^softwareVersion: (\S+)$",
        "docs/deploy.md": r"letters-([0-9.]+)-py3",
    }.items():
        versions = re.findall(pattern, (ROOT / name).read_text("utf-8"), re.MULTILINE | re.DOTALL)
        assert set(versions) == {project["version"]}, name


def test_the_page_of_settings_is_what_the_command_prints() -> None:
    assert (ROOT / "docs/settings.md").read_text(encoding="utf-8") == settings_page()


def test_every_command_explains_itself() -> None:
    def commands(group: click.Group) -> list[click.Command]:
        listed: list[click.Command] = []
        for command in group.commands.values():
            listed.append(command)
            if isinstance(command, click.Group):
                listed += commands(command)
        return listed

    silent = [command.name for command in commands(campaign) if not command.help]
    assert silent == []


CONTRACT = [
    "run", "web", "worker", "demo", "db", "staff", "import", "synth", "bundle", "verify", "doctor",
    "backup", "restore",
]  # fmt: skip


@pytest.mark.parametrize("name", CONTRACT)
def test_the_commands_of_the_contract_are_there(name: str) -> None:
    assert name in campaign.commands
