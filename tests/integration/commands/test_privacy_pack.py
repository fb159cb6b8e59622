"""The papers of data protection law say what the settings know, and mark the rest."""

import re
from pathlib import Path

from click.testing import CliRunner
from flask import Flask
from sqlalchemy.exc import OperationalError

from campaign.about.privacy_pack import write_papers
from campaign.campaigns.content import drafts, pictures
from campaign.cli import campaign
from campaign.core import jobs
from campaign.core.settings import Settings
from campaign.crm import contact_imports
from campaign.directory.imports.apply_import import UNDONE_WITHIN
from campaign.mail import sender
from campaign.network import memberships
from campaign.paper_signatures import data_entry, paper_imports
from campaign.signing import reminders
from campaign.tracking import letter_links


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


_ENDS = {
    "signing.expire": {
        "a letter that no one confirmed": "7 days",
        "links in emails": f"{reminders._REMEMBERED.days} days",
    },
    "screening.forget-traces": {"IP address and browser": "30 days"},
    "screening.count-trends": {"counts of the networks, browsers": "30 days"},
    "security.forget-limits": {"codes made from IP addresses": "the hour"},
    "retention.erase": {
        "name, address, words": "6 months",
        "code made from an email address": "6 months",
        "scans of signature sheets": "6 months",
        "printed files of a bundle": "until everyone in them is deleted",
    },
    "paper.forget": {"a row of a signature sheet": f"{data_entry.KEPT_DAYS} days"},
    "paper.resume-imports": {"uploaded files": f"{paper_imports._KEPT.days} days at most"},
    "crm.forget-files": {"uploaded files": f"{contact_imports._KEPT.days} days at most"},
    "officials.tend-imports": {"uploaded files": f"for {UNDONE_WITHIN.days} days, so that"},
    "exports.sweep": {"exports": "24 hours"},
    "mail.forget": {"emails": f"{sender.REMEMBERED.days} days"},
    "network.forget-unconfirmed": {
        "a membership that no one confirmed": "7 days",
        "that a member was deleted": f"{memberships._ERASED_KNOWN_MONTHS} months",
    },
    "following.forget-links": {"links in emails": f"{letter_links._REMEMBERED.days} days for *My"},
    "webhooks.forget": {"messages to other programs": "30 days"},
    "campaigns.forget-drafts": {"drafts of staff": f"{drafts.KEPT_DAYS} days"},
    "campaigns.sweep-pictures": {"a picture that an action": f"{pictures._AGE.days} day"},
}
"""What periodic jobs delete: the row of the retention table that says so, and for how long."""
_DELETE_NOTHING_OF_PEOPLE = {
    *("about.note-versions", "audit.anchor", "bundles.remake", "bundles.restore", "bundles.sweep"),
    *("campaigns.close-over", "campaigns.count", "campaigns.open-due", "dashboard.digest"),
    *("deliveries.find-stops", "deliveries.sweep", "following.find-news", "mail.sweep"),
    *("network.digest", "network.sweep", "officials.end-terms", "operations.watch"),
    *("overview.count", "overview.count-mails", "paper.join-network", "paper.match"),
    *("screening.resume", "signing.fill-prints", "signing.forget-work", "signing.remind"),
    *("screening.resume-flags", "signing.note-missing-words", "storage.sweep", "webhooks.send"),
    "crm.push",  # that somebody was a member, once the other program was told that they left
    "mail.read-bounces",  # reports, once they are read
    "replies.read-mail",  # emails in the inbox, once they are kept as answers
}


def test_the_retention_table_has_what_periodic_jobs_delete_and_when(app: Flask) -> None:
    lines = read(app)["2-retention.md"].splitlines()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in lines if line[:2] == "| "}
    assert set(jobs.periodic_jobs()) == {*_ENDS, *_DELETE_NOTHING_OF_PEOPLE}
    for job, ends in _ENDS.items():
        for data, term in ends.items():
            row = next((row for name, row in rows.items() if name.startswith(data)), "")
            assert term in row, (job, data)
            assert "automatic" in row, (job, data)


def test_without_a_term_the_table_promises_no_automatic_end_of_sheets(app: Flask) -> None:
    table = read(app, retention_months=0)["2-retention.md"]
    row = next(line for line in table.splitlines() if line.startswith("| scans of signature"))
    assert "**by hand" in row
    assert "automatic" not in row


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
