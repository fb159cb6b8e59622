"""What Prometheus reads: figures of all processes, none of a person."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.orm import Session

from campaign.core import db, metrics
from campaign.core.settings import Settings
from campaign.mail.messages import MailState, OutboxMail
from campaign.models.statistics import CampaignTally
from campaign.operations import backlog, serve_metrics
from campaign.operations.serve_metrics import make_registry
from tests.commands import Commands
from tests.factories import make_campaign

COUNTING = """
import sys
from pathlib import Path
from campaign import create_app
from campaign.core import metrics
app = create_app(instance=sys.argv[1], metrics_port=1)
metrics.start(app.extensions["settings"].metrics_folder)
client = app.test_client()
client.get("/healthz")
client.get("/en/letter/planted-secret")
metrics.note_confirmation(90)
metrics.count_printed(20)
metrics.count_ended_work("letters", "out-of-memory")
"""


def read(app: Flask) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    text = generate_latest(make_registry(app)).decode()
    samples: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = tuple(sorted(sample.labels.items()))
            samples.setdefault(sample.name, {})[labels] = sample.value
    return samples


@pytest.mark.both_engines
def test_what_waits_is_read_from_the_database(app: Flask, session: Session) -> None:
    campaign = make_campaign(session)
    session.merge(CampaignTally(campaign_id=campaign.id, confirmed=12, counted_at=db.utcnow()))
    ends = ("campaign stopped", "no longer wanted", "left the network", "550 5.1.1", None)
    for number, failure in enumerate(ends):
        mail = OutboxMail(kind="confirm-letter", recipient_hmac=bytes([number]) * 32, locale="en")
        mail.state, mail.failure, mail.due_at = MailState.FAILED, failure, db.utcnow()
        session.add(mail)
    session.commit()
    samples = read(app)
    assert samples["campaign_signatures_confirmed"] == {(): 12}
    assert samples["campaign_open_campaigns"] == {(): 1}
    assert samples["campaign_mails_failed"] == {(): 2}, "what was held back is no fault"
    for name in ("volumes_unprinted", "mails_due", "oldest_due_mail_seconds"):
        assert samples[f"campaign_{name}"] == {(): 0}
    assert samples["campaign_jobs_waiting"][()] >= 0


def test_what_other_processes_counted_is_read_and_names_nobody(
    app: Flask, commands: Commands
) -> None:
    settings: Settings = app.extensions["settings"]
    assert commands.run_code(COUNTING, [str(settings.instance)], dict(os.environ)) == 0
    samples = read(app)
    routes = {dict(labels)["route"] for labels in samples["campaign_http_request_seconds_count"]}
    assert "/healthz" in routes
    assert "planted" not in str(samples)
    assert samples["campaign_confirmation_delay_seconds_count"] == {(): 1}
    assert samples["campaign_letters_printed_total"] == {(): 20}
    why = (("kind", "letters"), ("reason", "out-of-memory"))
    assert samples["campaign_work_ended_total"] == {why: 1}


def test_files_of_processes_that_ended_are_removed(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for pid in (ended.pid, os.getpid()):
        (tmp_path / f"counter_{socket.gethostname()}-{pid}.db").touch()
    (tmp_path / "counter_elsewhere-1.db").touch()
    metrics.forget_ended(tmp_path)
    kept = {f"counter_{metrics.name_process()}.db", "counter_elsewhere-1.db"}
    assert {file.name for file in tmp_path.iterdir()} == kept


def test_only_what_serves_counts(client: FlaskClient, app: Flask) -> None:
    client.get("/healthz")
    assert not app.extensions["settings"].metrics_folder.exists()


@pytest.mark.parametrize("name", ["deploy.md", "monitoring/alerts.yml", "monitoring/grafana.json"])
def test_figures_that_the_docs_name_are_counted(name: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / name).read_text(encoding="utf-8")
    named = re.findall(r"\bcampaign_(\w+?)(?:_bucket|_count|_total)?\b", text)
    code = "".join(Path(file).read_text("utf-8") for file in (metrics.__file__, backlog.__file__))
    code += Path(serve_metrics.__file__).read_text("utf-8")
    assert named
    assert [figure for figure in named if f'"{figure}"' not in code] == []
