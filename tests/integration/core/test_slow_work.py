"""What takes seconds is done while no transaction is open: others can write meanwhile."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.db.prepared_statements import fetch_first
from campaign.core.isolation import run_apart as isolation
from campaign.core.isolation.run_apart import READERS
from campaign.core.isolation.worker import borrow_process
from campaign.core.outgoing_http import open_http, refuse_address
from campaign.core.rate_limits import FewAtOnce, count_against_limit
from campaign.core.slow_work import StillInTransaction, leave_database
from campaign.file_readers import list_reports
from campaign.mail.messages import lock_address
from campaign.models.campaign import Campaign
from tests.factories import make_campaign

_SECONDS = 20
_LOCKING = select(Campaign.id).where(Campaign.id == bindparam("wanted")).with_for_update()


@pytest.fixture
def campaign_id(app: Flask) -> int:
    with app.app_context(), db.transaction() as session:
        return make_campaign(session).id


@contextmanager
def open_request(app: Flask, campaign_id: int) -> Iterator[Campaign]:
    """A POST that has read, which on SQLite holds the one write lock."""
    with app.test_request_context(method="POST"):
        yield db.session().get_one(Campaign, campaign_id)


def write_elsewhere(app: Flask, campaign_id: int) -> None:
    def write() -> None:
        with app.app_context(), db.transaction() as session:
            db.update_row(session, Campaign, campaign_id, reference="written meanwhile")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(write).result(timeout=_SECONDS)


@pytest.mark.both_engines
def test_others_write_while_a_process_works(app: Flask, campaign_id: int) -> None:
    with open_request(app, campaign_id) as campaign, borrow_process(READERS):
        write_elsewhere(app, campaign_id)
        assert campaign.reference == "written meanwhile", "what was read is read anew"


@pytest.mark.both_engines
def test_others_write_while_another_server_is_called(app: Flask, campaign_id: int) -> None:
    with open_request(app, campaign_id), open_http():
        write_elsewhere(app, campaign_id)


@pytest.mark.both_engines
def test_others_write_while_a_name_is_looked_up(app: Flask, campaign_id: int) -> None:
    def resolve(_host: str, _port: int) -> list[str]:
        write_elsewhere(app, campaign_id)
        return ["93.184.216.34"]

    with open_request(app, campaign_id):
        refuse_address("https://example.org", [], resolve=resolve)


@pytest.mark.both_engines
@pytest.mark.parametrize("what", ["a-file-to-be-read", "a-dear-thing"])
def test_others_write_while_one_waits_for_a_place(app: Flask, campaign_id: int, what: str) -> None:
    dear, has_read = FewAtOnce(1, seconds=_SECONDS), threading.Event()

    def ask() -> None:
        with open_request(app, campaign_id):
            has_read.set()
            if what == "a-dear-thing":
                with dear.wait():
                    pass
            else:
                isolation.run_apart(list_reports, b"")

    with ThreadPoolExecutor(1) as pool:
        with ExitStack() as places:
            places.enter_context(dear.wait())
            for _ in range(2):
                places.enter_context(isolation._AT_ONCE)
            asking = pool.submit(ask)
            assert has_read.wait(_SECONDS)
            write_elsewhere(app, campaign_id)
        asking.result(timeout=_SECONDS)


def _change(session: Session, campaign: Campaign) -> None:
    campaign.reference = "changed"


def _write(session: Session, campaign: Campaign) -> None:
    db.update_row(session, Campaign, campaign.id, reference="written")


def _lock(session: Session, campaign: Campaign) -> None:
    session.execute(select(Campaign.id).with_for_update())


def _count(session: Session, campaign: Campaign) -> None:
    count_against_limit(session, "anything", "here", 9)


def _enqueue(session: Session, campaign: Campaign) -> None:
    db.after_commit(session, campaign.reference.upper)


def _keep_file(session: Session, campaign: Campaign) -> None:
    db.on_rollback(session, campaign.reference.upper)


def _lock_prepared(session: Session, campaign: Campaign) -> None:
    fetch_first(session, _LOCKING, {"wanted": campaign.id})


def _lock_address(session: Session, campaign: Campaign) -> None:
    lock_address(session, b"a fingerprint")


_STEPS = (_change, _write, _lock, _lock_prepared, _lock_address, _count, _enqueue, _keep_file)


@pytest.mark.both_engines
@pytest.mark.parametrize("step", _STEPS)
def test_slow_work_after_a_write_or_a_lock_is_a_fault_that_a_test_sees(
    app: Flask, campaign_id: int, step: Callable[[Session, Campaign], None]
) -> None:
    with open_request(app, campaign_id) as campaign:
        step(db.session(), campaign)
        with pytest.raises(StillInTransaction):
            leave_database()


@pytest.mark.both_engines
def test_a_job_does_it_before_its_transaction_has_asked_anything(
    app: Flask, campaign_id: int
) -> None:
    with app.app_context(), db.transaction() as session:
        leave_database()
        session.get_one(Campaign, campaign_id)
        with pytest.raises(StillInTransaction):
            leave_database()
    with app.app_context(), db.reading() as session:
        session.get_one(Campaign, campaign_id)
        leave_database()


@pytest.mark.both_engines
def test_a_request_that_has_ended_leaves_nothing_to_the_next(app: Flask, campaign_id: int) -> None:
    with open_request(app, campaign_id) as campaign:
        _write(db.session(), campaign)
    with app.app_context():
        leave_database()


def holds_write_lock(session: Session) -> bool:
    """Whether what began takes SQLite's one lock at its start; PostgreSQL has none."""
    driver: Any = db.connection_of(session).connection.dbapi_connection
    return getattr(driver, "_has_lock", True)


@pytest.mark.both_engines
def test_a_session_that_begins_within_a_transaction_is_known_after_it(
    app: Flask, campaign_id: int
) -> None:
    with app.test_request_context(method="POST"):
        with db.transaction():
            db.session()
        campaign = db.session().get_one(Campaign, campaign_id)
        assert holds_write_lock(db.session())
        leave_database()
        write_elsewhere(app, campaign_id)
        assert campaign.reference == "written meanwhile"
        _write(db.session(), campaign)
        with pytest.raises(StillInTransaction):
            leave_database()


@pytest.mark.both_engines
def test_a_context_that_ends_within_a_request_leaves_the_requests_session_known(
    app: Flask, campaign_id: int
) -> None:
    with open_request(app, campaign_id) as campaign:
        with app.app_context():
            db.session()
        db.session().rollback()
        db.session().refresh(campaign)
        assert holds_write_lock(db.session())
        _write(db.session(), campaign)
        with pytest.raises(StillInTransaction):
            leave_database()
