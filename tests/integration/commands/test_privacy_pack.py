"""The papers of data protection law say what the settings know, and mark the rest."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import OperationalError

from campaign.about.privacy_pack import write_papers
from campaign.cli import campaign
from campaign.core.settings import Settings

pytestmark = pytest.mark.one_engine


def read(app: Flask, **changes: object) -> dict[str, str]:
    settings: Settings = app.extensions["settings"].model_copy(update=changes)
    with app.app_context():
        return {paper.name: paper.text for paper in write_papers(settings)}


def test_what_is_set_is_filled_in_and_the_rest_is_marked(app: Flask) -> None:
    empty = read(app)
    assert "[to fill in: setting privacy_officer]" in empty["5-breach.md"]
    filled = read(app, privacy_officer="Ida Example", trace_days=11, retention_months=0)
    assert "Ida Example" in filled["5-breach.md"]
    assert "11 days (`trace_days`)" in filled["2-retention.md"]
    assert "until the person deletes them" in filled["2-retention.md"]


def test_tables_are_whole_and_links_lead_to_papers(app: Flask) -> None:
    papers = read(app)
    assert len(papers) == 6
    for name, text in papers.items():
        blocks = [block.splitlines() for block in re.split(r"\n\n", text) if block[0] == "|"]
        for rows in blocks:
            assert len({row.count("|") for row in rows}) == 1, (name, rows)
        assert set(re.findall(r"\]\((.+?)\)", text)) <= set(papers)


def test_a_database_that_does_not_answer_gives_no_papers_without_programs(tmp_path: Path) -> None:
    papers = tmp_path / "papers"
    environment = {
        "CAMPAIGN_INSTANCE": str(tmp_path / "instance"),
        "CAMPAIGN_DATABASE_URL": "postgresql+psycopg://127.0.0.1:1/campaign",
    }
    result = CliRunner().invoke(campaign, ["privacy-pack", str(papers)], env=environment)
    assert isinstance(result.exception, OperationalError)
    assert list(papers.iterdir()) == []


def test_what_somebody_wrote_is_never_overwritten(tmp_path: Path) -> None:
    arguments = ["privacy-pack", str(tmp_path / "papers")]
    environment = {"CAMPAIGN_INSTANCE": str(tmp_path / "instance")}
    assert CliRunner().invoke(campaign, arguments, env=environment).exit_code == 0
    paper = tmp_path / "papers" / "5-breach.md"
    paper.write_text("ours")
    again = CliRunner().invoke(campaign, arguments, env=environment)
    assert again.exit_code == 1
    assert "5-breach.md" in again.output
    assert paper.read_text() == "ours"
