"""Papers that cannot be made: tried again, some times or for as long as it takes, and said why."""

import errno
import re
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign.bundles.documents import make_documents
from campaign.bundles.volumes import assemble, print_jobs, print_queue
from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.core.db.leases import LEASE, LeasedRow
from campaign.core.isolation.orders import Limits
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.models.bundle import Bundle, BundleState, Volume
from campaign.printing.sheets import bundle_sheets
from campaign.storage import FilesAway
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.bundles.conftest import Freeze, reload

TOO_LITTLE = {
    "took-too-long": Limits(seconds=0.0, seconds_per_letter=0.0),
    "out-of-memory": Limits(memory=1_000_000),
}


@pytest.fixture
def bundle_id(app: Flask, session: Session, freeze: Freeze) -> int:
    """A bundle whose letters are printed, and whose papers are to be made."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    frozen = freeze(campaign.id)
    taken = print_queue.claim_next(frozen)
    assert taken is not None
    assert print_jobs.print_claimed(taken)
    return frozen


def rested(session: Session, bundle_id: int) -> Bundle:
    """The bundle, which has waited long enough for another try."""
    session.rollback()
    session.execute(update(Bundle).values(lease_until=None))
    session.commit()
    return reload(session, bundle_id)


def page_of(app: Flask, client: FlaskClient, bundle: Bundle) -> str:
    sign_in(client, app, "staff")
    return client.get(f"/desk/bundles/{bundle.public_id}").text


@pytest.mark.parametrize(
    ("slug", "words"),
    [("took-too-long", "took longer than allowed"), ("out-of-memory", "need more memory than")],
)
def test_lists_that_take_too_much_are_tried_again_and_in_the_end_it_is_said(
    app: Flask,
    client: FlaskClient,
    session: Session,
    bundle_id: int,
    slug: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session.rollback()
    little = partial(bundle_sheets.signature_list, limits=TOO_LITTLE[slug])
    monkeypatch.setattr(make_documents.bundle_sheets, "signature_list", little)
    for tries in range(1, print_queue.MOST_TRIES + 1):
        with pytest.raises(WorkProcessStopped):
            assemble.assemble(bundle_id)
        bundle = rested(session, bundle_id)
        assert (bundle.tries, bundle.failure) == (tries, slug)
        page = page_of(app, client, bundle)
        assert words in page
        assert "cannot be printed" not in page
        ended = tries == print_queue.MOST_TRIES
        assert ("We try again automatically" in page, "tried several times" in page) == (
            not ended,
            ended,
        )
        assert bundle.state is (BundleState.FAILED if ended else BundleState.ASSEMBLING)
    assert not assemble.claim(bundle_id)


@pytest.mark.both_engines
def test_a_try_that_succeeds_leaves_nothing_of_those_before(
    app: Flask, session: Session, bundle_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.rollback()
    with monkeypatch.context() as patched:
        little = partial(bundle_sheets.signature_list, limits=TOO_LITTLE["took-too-long"])
        patched.setattr(make_documents.bundle_sheets, "signature_list", little)
        with pytest.raises(WorkProcessStopped):
            assemble.assemble(bundle_id)
    rested(session, bundle_id)
    session.rollback()
    assemble.assemble(bundle_id)
    bundle = reload(session, bundle_id)
    assert (bundle.state, bundle.tries, bundle.failure) == (BundleState.READY, 0, None)
    session.rollback()
    # Another worker, which ends late.
    assemble._fail(LeasedRow(bundle_id, 0), print_queue.FAILED)
    assert reload(session, bundle_id).state is BundleState.READY
    assert session.scalar(select(AuditEntry.id).where(AuditEntry.action == "bundle.failed")) is None


def test_a_worker_that_was_silent_does_not_end_the_round_after_the_one_that_it_lost(
    app: Flask, session: Session, bundle_id: int
) -> None:
    session.rollback()
    silent = assemble.claim(bundle_id)
    assert silent
    rested(session, bundle_id)
    session.rollback()
    second = assemble.claim(bundle_id)
    assert second
    assemble._fail(second, print_queue.FAILED)
    bundle = reload(session, bundle_id)
    bundle.state = BundleState.PRINTING  # somebody has it made once more
    session.commit()
    third = assemble.claim(bundle_id)
    assemble._fail(silent, assemble.PAPERS_REFUSED)
    bundle = reload(session, bundle_id)
    assert (bundle.state, bundle.failure) == (BundleState.ASSEMBLING, print_queue.FAILED)
    session.rollback()
    assert third
    assemble._fail(third, assemble.PAPERS_REFUSED)
    assert reload(session, bundle_id).failure == assemble.PAPERS_REFUSED


@pytest.mark.parametrize(
    ("problem", "slug", "words"),
    [
        (FilesAway("GenericError"), "storage-away", "does not respond"),
        (OSError(errno.ENOSPC, "No space left on device"), "no-room", "The disk is full"),
    ],
)
def test_room_and_the_storage_are_waited_for_however_long(
    app: Flask,
    client: FlaskClient,
    session: Session,
    bundle_id: int,
    problem: Exception,
    slug: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    session.rollback()

    def refuse(*_: object) -> None:
        raise problem

    with monkeypatch.context() as patched:
        patched.setattr(app.extensions["storage"].place, "taking", refuse)
        for _ in range(print_queue.MOST_TRIES + 1):
            with pytest.raises(type(problem)):
                assemble.assemble(bundle_id)
            bundle = rested(session, bundle_id)
            assert (bundle.state, bundle.failure) == (BundleState.ASSEMBLING, slug)
        page = page_of(app, client, bundle)
        assert words in page
        assert "We try again automatically" not in page
        session.rollback()
    assemble.assemble(bundle_id)
    assert reload(session, bundle_id).state is BundleState.READY


def test_a_full_disk_is_named_after_one_try_to_print_a_volume(
    app: Flask,
    client: FlaskClient,
    session: Session,
    freeze: Freeze,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign.id)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    with monkeypatch.context() as patched:
        patched.setattr(app.extensions["storage"].place, "taking", refuse)
        with pytest.raises(OSError, match="No space left"):
            print_jobs.print_claimed(taken)
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(minutes=5)))
    session.commit()
    page = page_of(app, client, reload(session, bundle_id))
    words = "The disk is full. Ask the site operator to make room. Printing then continues"
    assert f"{words} automatically." in page
    assert "No background service is printing" not in page
    session.rollback()
    session.execute(update(Volume).values(lease_until=None))
    session.commit()
    again = print_queue.claim_next(bundle_id)
    assert again is not None
    assert print_jobs.print_claimed(again)
    assert reload(session, bundle_id).failure is None


PACE = re.compile(r"About \S+ a (second|minute)")


def test_a_worker_that_is_not_heard_of_makes_no_promise(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_queue.claim_next(bundle_id) is not None

    def heard(seconds_ago: float) -> str:
        lease = db.utcnow() - timedelta(seconds=seconds_ago) + LEASE
        session.rollback()
        session.execute(update(Volume).values(lease_until=lease, printed_letters=1))
        session.commit()
        return page_of(app, client, reload(session, bundle_id))

    assert PACE.search(heard(2))
    page = heard(60)
    assert "The background service has not reported for 6" in page
    assert not PACE.search(page)
    page = heard(LEASE.total_seconds() + 1)
    assert "The background service that was printing has stopped." in page
    assert not PACE.search(page)
