"""A stop while a bundle is on its way: whatever has not gone out stays where it is."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import db, jobs, storage
from campaign.accounts.models import Role
from campaign.bundles import assembling, files, ledger, printing, services
from campaign.bundles.models import Bundle, BundleState, DeliveryOutcome, Volume, VolumeState
from campaign.campaigns.models import Campaign
from campaign.campaigns.services import stop_campaign
from campaign.deliveries import recording
from campaign.deliveries.models import GateVisit
from campaign.errors import Refused
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload


@pytest.fixture
def bundle_id(unit: Session, freeze: Freeze) -> int:
    """A frozen bundle of two volumes."""
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 3)
    unit.commit()
    return freeze(campaign.id, volume_letters=2)


def stop(bundle_id: int) -> None:
    with db.transaction() as unit:
        campaign = unit.get_one(Bundle, bundle_id).campaign
        stop_campaign(
            unit, campaign, actor="staff:1", now=db.utcnow(), reasons={"en": "She asked us to."}
        )


def pdfs(unit: Session, bundle_id: int) -> list[str]:
    folder = files.stored_folder(reload(unit, bundle_id).public_id)
    unit.rollback()
    return [name for name in storage.storage().names(folder) if name.endswith(".pdf")]


def test_a_volume_that_is_being_printed_ends_and_is_not_kept(
    unit: Session, bundle_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    press = printing.run_press
    stops = [bundle_id]

    def stopped_meanwhile(loaded: Any, out: Path, progress: Any) -> Any:
        if stops:
            stop(stops.pop())
        return press(loaded, out, progress)

    monkeypatch.setattr(printing, "run_press", stopped_meanwhile)
    taken = ledger.claim_next(bundle_id)
    assert taken is not None
    assert printing.print_claimed(taken) is False
    first, second = unit.scalars(select(Volume).order_by(Volume.sequence)).all()
    assert {first.state, second.state} == {VolumeState.WAITING}
    assert pdfs(unit, bundle_id) == []
    jobs.run_now("bundles.sweep")
    jobs.run_now("bundles.print_volume", first.id)
    assert {one.state for one in unit.scalars(select(Volume))} == {VolumeState.WAITING}


def test_a_volume_whose_last_letter_was_laid_out_before_the_stop_is_not_finished(
    unit: Session, bundle_id: int
) -> None:
    taken = ledger.claim_next(bundle_id)
    assert taken is not None
    assert ledger.beat(taken, 1)
    stop(bundle_id)
    assert not ledger.beat(taken, 2)
    assert not ledger.finish(taken, ledger.Outcome(2, 10, "0" * 64, (), ()))
    assert unit.get_one(Volume, taken.row_id).state is VolumeState.PRINTING


def test_a_bundle_that_is_being_assembled_never_becomes_ready(
    unit: Session, bundle_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    while taken := ledger.claim_next(bundle_id):
        printing.print_claimed(taken)
    make = assembling.make_papers

    def stopped_meanwhile(*given: Any, **facts: Any) -> None:
        make(*given, **facts)
        stop(bundle_id)

    monkeypatch.setattr(assembling, "make_papers", stopped_meanwhile)
    jobs.run_now("bundles.assemble", bundle_id)
    assert reload(unit, bundle_id).state is BundleState.ASSEMBLING
    left = [name.rpartition("/")[2] for name in pdfs(unit, bundle_id)]
    assert left == ["letters-001.1.pdf", "letters-002.1.pdf"], "no paper around them"
    jobs.run_now("bundles.assemble", bundle_id)
    assert reload(unit, bundle_id).zip_sha256 is None


def test_what_is_ready_is_neither_downloaded_nor_handed_over(
    app: Flask, client: FlaskClient, unit: Session, bundle_id: int, print_bundle: Print
) -> None:
    print_bundle(bundle_id)
    bundle = reload(unit, bundle_id)
    wanted = iter([True, False])
    clock = iter(range(100))
    began = services.while_wanted(
        (b"x" for _ in range(50)), lambda: next(wanted), lambda: next(clock)
    )
    assert len(b"".join(began)) == 1, "a download under way breaks off"
    unit.rollback()
    stop(bundle_id)
    bundle = reload(unit, bundle_id)
    with pytest.raises(Refused) as refused:
        services.open_download(unit, bundle, storage.storage(), actor="staff:1")
    assert refused.value.slug == "stopped"
    today = days_ago(0)
    unit.execute(update(Bundle).values(created_at=db.utcnow() - timedelta(days=3)))
    unit.execute(update(Campaign).values(stopped_at=db.utcnow() - timedelta(days=1)))
    unit.commit()

    def record(day: date, outcome: DeliveryOutcome = DeliveryOutcome.ACCEPTED) -> GateVisit:
        return recording.record_visit(
            unit,
            carried=[recording.Carried(bundle)],
            happened=recording.Happened(outcome, day),
            key=db.new_public_id(),
            actor="staff:1",
        )

    assert record(today, DeliveryOutcome.STOPPED).id
    assert record(today - timedelta(days=2)).id
    unit.rollback()
    sign_in(client, app, Role.STAFF)
    page = client.get(f"/desk/bundles/{bundle.public_id}").text
    assert "She asked us to." in page
    assert post(client, f"/desk/bundles/{bundle.public_id}/download").status_code == 409


def test_nothing_is_frozen_any_more(unit: Session, freeze: Freeze) -> None:
    campaign = make_campaign(unit)
    add_confirmed(unit, campaign, 1)
    stop_campaign(
        unit, campaign, actor="staff:1", now=db.utcnow(), reasons={"en": "It would do harm."}
    )
    unit.commit()
    with pytest.raises(Refused) as refused:
        freeze(campaign.id)
    assert refused.value.slug == "stopped"
    assert reload_status(unit, campaign.id) == "stopped"


def reload_status(unit: Session, campaign_id: int) -> str:
    unit.rollback()
    return unit.get_one(Campaign, campaign_id).status.value
