"""Proof of work: needed in a burst only, good once and for one campaign, and not the only way."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from altcha import Challenge, Payload, solve_challenge
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.models.screening import SpentWork
from campaign.models.signature import Signature
from campaign.signing import check_proof_of_work
from tests.factories import make_campaign
from tests.integration.signing.conftest import FORM

Set = Callable[..., None]


@pytest.fixture(autouse=True)
def _light(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sum that a test can do."""
    monkeypatch.setattr(check_proof_of_work, "_COST", 1)
    monkeypatch.setattr(check_proof_of_work, "_MORE", 1)


@pytest.fixture
def set_up(app: Flask, settings: Settings) -> Set:
    """Changes settings."""

    def change(**facts: object) -> None:
        app.extensions["settings"] = settings.model_copy(update=facts)

    return change


def solved(client: FlaskClient, case: str) -> str:
    """What a browser sends after it has asked for the sum and done it."""
    answer = client.get(f"{case}/work")
    assert answer.headers["Cache-Control"] == "no-store"
    asked = Challenge.from_dict(answer.json["challenge"])
    solution = solve_challenge(asked)
    assert solution is not None
    return Payload(asked, solution).to_base64()


def sign(client: FlaskClient, case: str, number: int, **facts: str) -> int:
    form = FORM | {"email": f"writer{number}@example.org"} | facts
    return client.post(f"{case}/sign", data=form).status_code


def count(session: Session) -> int:
    session.rollback()
    return len(session.scalars(select(Signature.id)).all())


def test_nobody_is_asked_until_many_letters_come_from_one_network(
    client: FlaskClient, case: str, set_up: Set, session: Session
) -> None:
    set_up(burst_per_network=2, signings_without_work_per_hour=1)
    assert client.get(f"{case}/work").json == {"challenge": None}
    assert [sign(client, case, number) for number in (1, 2)] == [303, 303]
    solution = solved(client, case)
    # Without scripts a few pass; who does the sum is not held to those few.
    assert [sign(client, case, number) for number in (3, 4)] == [303, 429]
    assert sign(client, case, 5, work=solution) == 303
    assert count(session) == 4
    refused = client.post(f"{case}/sign", data=FORM)
    assert "turn on JavaScript" in refused.text
    assert "we limit signatures from your network without a quick check" in refused.text
    assert "Many people" not in refused.text, "one network had used its share"


def test_all_are_asked_while_one_campaign_is_flooded(
    client: FlaskClient, case: str, set_up: Set
) -> None:
    set_up(burst_per_campaign=1, signings_without_work_per_hour=0)
    assert [sign(client, case, number) for number in (1, 2)] == [303, 303]
    client.application.extensions["floods"].clear()
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert client.post(f"{case}/sign", data=FORM, environ_base=elsewhere).status_code == 429


@pytest.mark.both_engines
def test_a_solution_is_good_once_and_for_one_campaign(
    app: Flask, client: FlaskClient, case: str, set_up: Set, session: Session
) -> None:
    set_up(proof_of_work="always", signings_without_work_per_hour=0)
    other = make_campaign(session)
    session.commit()
    solution = solved(client, case)
    assert sign(client, f"/en/actions/{other.slug}", 1, work=solution) == 429
    assert sign(client, case, 2, work=solution[:-8] + "AAAAAA==") == 429
    with ThreadPoolExecutor(4) as pool:
        statuses = list(
            pool.map(lambda n: sign(app.test_client(), case, n, work=solution), range(10, 14))
        )
    assert sorted(statuses) == [303, 429, 429, 429]
    assert count(session) == 1
    assert sign(client, case, 15, work=solution) == 429


@pytest.mark.both_engines
def test_a_sum_is_done_in_vain_once_its_time_is_over(
    client: FlaskClient, case: str, set_up: Set, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(proof_of_work="always", signings_without_work_per_hour=0)
    used = solved(client, case)
    assert sign(client, case, 1, work=used) == 303
    late = time.time() + timedelta(hours=3).total_seconds()
    unused = solved(client, case)
    monkeypatch.setattr(time, "time", lambda: late)
    assert sign(client, case, 2, work=unused) == 429
    monkeypatch.setattr(db, "utcnow", lambda: datetime.fromtimestamp(late, UTC))
    jobs.run_now("signing.forget-work")
    session.rollback()
    assert session.scalars(select(SpentWork.nonce)).all() == []


@pytest.mark.parametrize("form", ["", "x", "e30=", "null", "%91" * 40, "W10="])
def test_what_is_no_solution_is_as_none(
    client: FlaskClient, case: str, set_up: Set, form: str
) -> None:
    set_up(proof_of_work="always", signings_without_work_per_hour=0)
    assert sign(client, case, 1, work=form) == 429
