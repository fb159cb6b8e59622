"""A stop while a bundle is on its way: whatever has not gone out stays where it is."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import downloads, file_names
from campaign.bundles.volumes import assemble, print_jobs, print_queue
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db, jobs
from campaign.core.errors import Refused
from campaign.deliveries import record_delivery
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome, Volume, VolumeState
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload


@pytest.fixture
def bundle_id(session: Session, freeze: Freeze) -> int:
    """A frozen bundle of two volumes."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3)
    session.commit()
    return freeze(campaign.id, volume_letters=2)


def stop(bundle_id: int) -> None:
    with db.transaction() as session:
        campaign = session.get_one(Bundle, bundle_id).campaign
        stop_campaign(
            session, campaign, actor="staff:1", now=db.utcnow(), reasons={"en": "She asked us to."}
        )


def pdfs(session: Session, bundle_id: int) -> list[str]:
    folder = file_names.stored_folder(reload(session, bundle_id).public_id)
    session.rollback()
    return [name for name in storage.storage().names(folder) if name.endswith(".pdf")]


@pytest.mark.both_engines
def test_a_volume_that_is_being_printed_ends_and_is_not_kept(
    session: Session, bundle_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = print_jobs.run_press
    stops = [bundle_id]

    def stopped_meanwhile(loaded: Any, out: Path, progress: Any) -> Any:
        if stops:
            stop(stops.pop())
        return press(loaded, out, progress)

    monkeypatch.setattr(print_jobs, "run_press", stopped_meanwhile)
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    assert print_jobs.print_claimed(taken) is False
    first, second = session.scalars(select(Volume).order_by(Volume.sequence)).all()
    assert {first.state, second.state} == {VolumeState.WAITING}
    assert pdfs(session, bundle_id) == []
    jobs.run_now("bundles.sweep")
    jobs.run_now("bundles.print_volume", first.id)
    assert {volume.state for volume in session.scalars(select(Volume))} == {VolumeState.WAITING}


def test_a_volume_whose_last_letter_was_laid_out_before_the_stop_is_not_finished(
    session: Session, bundle_id: int
) -> None:
    taken = print_queue.claim_next(bundle_id)
    assert taken is not None
    assert print_queue.beat(taken, 1)
    stop(bundle_id)
    assert not print_queue.beat(taken, 2)
    assert not print_queue.finish(taken, print_queue.PrintedVolume(2, 10, "0" * 64))
    assert session.get_one(Volume, taken.row_id).state is VolumeState.PRINTING


@pytest.mark.both_engines
def test_a_bundle_that_is_being_assembled_never_becomes_ready(
    session: Session, bundle_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    while taken := print_queue.claim_next(bundle_id):
        print_jobs.print_claimed(taken)
    make = assemble.make_papers

    def stopped_meanwhile(*given: Any, **facts: Any) -> None:
        make(*given, **facts)
        stop(bundle_id)

    monkeypatch.setattr(assemble, "make_papers", stopped_meanwhile)
    jobs.run_now("bundles.assemble", bundle_id)
    assert reload(session, bundle_id).state is BundleState.ASSEMBLING
    left = [name.rpartition("/")[2] for name in pdfs(session, bundle_id)]
    assert left == ["letters-001.1.pdf", "letters-002.1.pdf"], "no paper around them"
    jobs.run_now("bundles.assemble", bundle_id)
    assert reload(session, bundle_id).zip_sha256 is None


def test_what_is_ready_is_neither_downloaded_nor_handed_over(
    app: Flask, client: FlaskClient, session: Session, bundle_id: int, print_bundle: Print
) -> None:
    print_bundle(bundle_id)
    bundle = reload(session, bundle_id)
    wanted = iter([True, False])
    clock = iter(range(100))
    began = downloads.while_wanted(
        (b"x" for _ in range(50)), lambda: next(wanted), lambda: next(clock)
    )
    assert len(b"".join(began)) == 1, "a download under way breaks off"
    session.rollback()
    stop(bundle_id)
    bundle = reload(session, bundle_id)
    with pytest.raises(Refused) as refused:
        downloads.open_download(session, bundle, storage.storage(), by=None, actor="staff:1")
    assert refused.value.slug == "stopped"
    today = days_ago(0)
    session.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=3)))
    session.execute(update(Campaign).values(stopped_at=db.utcnow() - timedelta(days=1)))
    session.commit()

    def record(day: date, outcome: DeliveryOutcome = DeliveryOutcome.ACCEPTED) -> GateVisit:
        return record_delivery.record_visit(
            session,
            carried=[record_delivery.CarriedBundle(bundle)],
            happened=record_delivery.VisitFacts(outcome=outcome, happened_on=day),
            key=db.new_public_id(),
            actor="test",
        )

    assert record(today, DeliveryOutcome.STOPPED).id
    assert record(today - timedelta(days=2)).id
    session.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(f"/desk/bundles/{bundle.public_id}").text
    assert "She asked us to." in page
    assert post(client, f"/desk/bundles/{bundle.public_id}/download").status_code == 409


def test_nothing_is_frozen_any_more(session: Session, freeze: Freeze) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    stop_campaign(
        session, campaign, actor="staff:1", now=db.utcnow(), reasons={"en": "It would do harm."}
    )
    session.commit()
    with pytest.raises(Refused) as refused:
        freeze(campaign.id)
    assert refused.value.slug == "stopped"
    assert reload_status(session, campaign.id) == "stopped"


def reload_status(session: Session, campaign_id: int) -> str:
    session.rollback()
    return session.get_one(Campaign, campaign_id).status.value
