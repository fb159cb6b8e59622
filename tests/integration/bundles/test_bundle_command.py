"""`campaign bundle` and `campaign verify`."""

import json
import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.bundles.documents import make_documents
from campaign.bundles.volumes import print_queue
from campaign.commands.print_bundle import bundle, verify
from campaign.core import db
from campaign.core.audit import AuditEntry, check
from campaign.core.isolation.orders import Limits
from campaign.core.settings import Settings
from campaign.models.bundle import Bundle, Volume
from campaign.models.campaign import Campaign, CampaignStatus, LetterFormat
from campaign.models.signature import Signature
from campaign.printing.sheets import bundle_sheets
from tests.factories import add_confirmed, make_campaign
from tests.integration.bundles.conftest import Freeze


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run `campaign bundle` for the first campaign, into a folder `out`."""
    # The command gives way to the web server; what does so here are the tests, for good.
    monkeypatch.setattr(os, "setpriority", lambda *_: None)
    monkeypatch.setenv("CAMPAIGN_INSTANCE", str(settings.folder))
    monkeypatch.setenv("CAMPAIGN_DATABASE_URL", settings.sqlalchemy_url)

    def call(*more: str, campaign: str = "ua-1-26", mission: str = "embassy-1") -> Result:
        arguments = [campaign, "--mission", mission, "--out", str(tmp_path / "out"), *more]
        return CliRunner().invoke(bundle, arguments)

    return call


@pytest.mark.real_press
def test_a_bundle_is_written_and_verified_and_the_second_time_there_is_nothing_new(
    session: Session, run: Any, tmp_path: Path
) -> None:
    add_confirmed(session, make_campaign(session), 3)
    session.commit()
    result = run("--json", "--locale", "fr")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert {"bundle", "campaign", "mission", "letters", "volumes", "pages", "zip", "sha256"} <= set(
        facts
    )
    assert (facts["letters"], facts["set_aside"], facts["pages"]) == (3, 0, 3)
    assert facts["seconds"] > 0
    assert Path(facts["zip"]) == tmp_path / "out" / "UA-1-26_embassy-1_001.zip"
    checked = CliRunner().invoke(verify, [facts["zip"], "--json"])
    assert checked.exit_code == 0
    verified = json.loads(checked.stdout)
    assert verified["letters"] == 3
    assert verified["check_code"] == facts["check_code"] != ""
    report = CliRunner().invoke(verify, [facts["zip"]]).stdout
    assert report.startswith("Every file is intact: 3 letters on 3 pages, in 1 volume, ")

    again = run("--json")
    assert again.exit_code == 1
    assert again.stdout == ""
    assert again.stderr == "There is nothing new to print for ua-1-26 and embassy-1.\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["UA-1-26_embassy-1_001.zip"]

    rewritten = run("--json", "--number", "1")
    assert json.loads(rewritten.stdout)["sha256"] == facts["sha256"]
    actions = [entry.action for entry in session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions == ["bundle.freeze", "bundle.ready", "bundle.download", "bundle.download"]
    assert list(check(session)) == []


def test_cards_are_called_cards(session: Session, run: Any) -> None:
    add_confirmed(session, make_campaign(session, format=LetterFormat.CARD), 2)
    session.commit()
    result = run()
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("2 cards on ")


def test_the_lists_speak_the_language_of_the_mission(session: Session, run: Any) -> None:
    add_confirmed(session, make_campaign(session), 1)
    session.commit()
    assert run("--json").exit_code == 0
    written = session.scalars(select(Bundle)).one()
    assert written.frozen["locale"] == "es"  # an embassy of Mexico


def test_a_bundle_that_was_begun_is_finished_first(
    session: Session, run: Any, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_queue.claim_next(bundle_id) is not None
    session.execute(update(Volume).values(lease_until=None))
    add_confirmed(session, session.get_one(Campaign, campaign.id), 1)
    session.commit()
    result = run("--json")
    assert result.exit_code == 0
    assert "Bundle 001 is not finished." in result.stderr
    assert json.loads(result.stdout)["letters"] == 2


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"campaign": "no"}, "There is no campaign no."),
        ({"mission": "no"}, "There is no mission no."),
    ],
)
def test_what_is_not_there_is_one_line_on_stderr(
    session: Session, run: Any, arguments: dict[str, str], sentence: str
) -> None:
    make_campaign(session)
    session.commit()
    result = run(**arguments)
    assert (result.exit_code, result.stderr) == (1, f"{sentence}\n")


def test_a_stopped_campaign_gives_no_file(session: Session, run: Any, tmp_path: Path) -> None:
    add_confirmed(session, make_campaign(session, status=CampaignStatus.STOPPED), 1)
    session.commit()
    result = run()
    assert result.exit_code == 1
    assert "is stopped" in result.stderr
    assert not (tmp_path / "out").exists()


def test_a_bundle_that_names_somebody_forgotten_is_not_written_again(
    session: Session, run: Any, tmp_path: Path
) -> None:
    add_confirmed(session, make_campaign(session), 2)
    session.commit()
    assert run().exit_code == 0
    path = next((tmp_path / "out").iterdir())
    path.unlink()
    first = session.scalar(select(func.min(Signature.id)))
    statement = update(Signature).where(Signature.id == first)
    session.execute(statement.values(forgotten_at=db.utcnow()))
    session.commit()
    result = run("--number", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "The details of some people in it were deleted on schedule, and its files still name them. "
        "Nothing was written. Use the workspace to print the letters that are still here.\n"
    )
    assert not path.exists()


def test_a_language_the_site_does_not_have_is_wrong_use(session: Session, run: Any) -> None:
    make_campaign(session)
    session.commit()
    assert run("--locale", "xx").exit_code == 2


def test_a_file_that_is_no_bundle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bundle.zip"
    path.write_bytes(b"no zip")
    result = CliRunner().invoke(verify, [str(path)])
    assert result.exit_code == 1
    assert result.stderr.startswith("bundle.zip: ")


def test_lists_that_take_too_much_are_said_in_one_line(
    session: Session, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_confirmed(session, make_campaign(session), 1)
    session.commit()
    little = partial(
        bundle_sheets.signature_list, limits=Limits(seconds=0.0, seconds_per_letter=0.0)
    )
    monkeypatch.setattr(make_documents.bundle_sheets, "signature_list", little)
    result = run()
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "The lists took too long. No ZIP was made.\n"


def test_one_letter_is_said_as_one(session: Session, run: Any) -> None:
    add_confirmed(session, make_campaign(session), 1)
    session.commit()
    result = run()
    assert result.stdout.startswith("1 letter on 1 page, in 1 volume: ")
    checked = CliRunner().invoke(verify, [result.stdout.split(": ")[1].strip().removesuffix(".")])
    assert checked.stdout.startswith("Every file is intact: 1 letter on 1 page, in 1 volume, ")
