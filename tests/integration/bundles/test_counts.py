"""What pages and the command say of a bundle holds also after letters have left it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import find_bundles
from campaign.bundles.changes import cancel_bundle, release_letters, remake_bundle
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.eligible import Why, list_left_out, list_offers
from campaign.bundles.freeze.freeze_bundle import JourneyPart
from campaign.bundles.volumes import print_queue, proof_print
from campaign.core import db, jobs
from campaign.core.settings import Settings
from campaign.dashboard import count_figures
from campaign.dashboard.statistics_page import mission_rows
from campaign.dashboard.to_deliver import list_delivery_todos
from campaign.deliveries import record_delivery
from campaign.deliveries.envelopes import reroute_bundle
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome, Volume
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from tests.days import today
from tests.factories import add_confirmed, make_campaign, make_staff_user, make_target_mission
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_bundle_command import run
from tests.integration.conftest import Keep

__all__ = ["run"]

UNPRINTABLE = "A mark \U000e0fff that no font has."


@pytest.fixture
def campaign(session: Session) -> Campaign:
    """Three letters that can be printed, and one that cannot."""
    opened = make_campaign(session)
    add_confirmed(session, opened, 3)
    add_confirmed(session, opened, 1, own_words=UNPRINTABLE)
    session.commit()
    return opened


@pytest.fixture
def ready(campaign: Campaign, freeze: Freeze, print_bundle: Print, keep: Keep) -> int:
    """A bundle of them, in volumes of one letter."""

    def make() -> int:
        bundle_id = freeze(campaign.id, volume_letters=1)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return keep("ready", make)


def mission_of(session: Session, bundle_id: int) -> Mission:
    return reload(session, bundle_id).mission


def let_wait(bundle_id: int) -> None:
    with db.transaction() as session:
        bundle = session.get_one(Bundle, bundle_id)
        release_letters.release(session, bundle, storage.storage(), actor="test")


def test_an_earlier_bundle_has_what_is_in_it_now(
    session: Session, campaign: Campaign, ready: int, freeze: Freeze
) -> None:
    def earlier() -> int:
        mission = mission_of(session, ready)
        offers = list_offers(session, mission, named=[campaign.slug])
        left = list_left_out(
            session, mission, offers, {campaign.slug: BundleChoice()}, sheets_travel=False
        )
        letters = sum(entry.count for entry in left if entry.why is Why.EARLIER)
        session.rollback()
        return letters

    assert earlier() == 4
    let_wait(ready)
    assert earlier() == 3, "one waits again"
    second = freeze(campaign.id)
    assert earlier() == 4
    with db.transaction() as writing:
        in_first = select(Letter.signature_id).where(
            Letter.bundle_id == ready, Letter.sequence == 1
        )
        gone = update(Signature).where(Signature.id.in_(in_first))
        writing.execute(gone.values(state=SignatureState.WITHDRAWN))
    assert earlier() == 3, "who took a letter back is counted as that"
    with db.transaction() as writing:
        writing.execute(gone.values(state=SignatureState.CONFIRMED))
    with db.transaction() as writing:
        bundle = writing.get_one(Bundle, second)
        cancel_bundle.cancel(writing, bundle, storage.storage(), reason="", actor="test")
    assert earlier() == 3, "what was given up has none"


def test_an_earlier_bundle_that_went_through_another_mission_has_what_is_left_of_it(
    session: Session, campaign: Campaign, ready: int, settings: Settings
) -> None:
    other = make_target_mission(7, slug="consulate-montreal")
    session.add(other)
    session.commit()
    other_id, slug = other.id, campaign.slug
    session.rollback()
    with db.transaction() as writing:
        bundle = writing.get_one(Bundle, ready)
        record_delivery.record_visit(
            writing,
            carried=[record_delivery.CarriedBundle(bundle)],
            key=db.new_public_id(),
            actor="test",
            happened=record_delivery.VisitFacts(
                outcome=DeliveryOutcome.REFUSED, happened_on=today()
            ),
        )
        to = writing.get_one(Mission, other_id)
        reroute_bundle.reroute_bundle(writing, bundle, to, settings=settings, actor="test")

    def earlier(mission: Mission) -> int:
        offers = list_offers(session, mission, named=[slug])
        left = list_left_out(session, mission, offers, {slug: BundleChoice()}, sheets_travel=False)
        return sum(entry.count for entry in left if entry.why is Why.EARLIER)

    assert earlier(mission_of(session, ready)) == 1, "the one that was set aside"
    session.rollback()
    let_wait(ready)
    assert earlier(mission_of(session, ready)) == 0


@pytest.mark.both_engines
def test_the_command_tells_what_the_zip_holds(
    session: Session, ready: int, run: Any, tmp_path: Path
) -> None:
    session.rollback()
    let_wait(ready)
    result = run("--json", "--number", "1")
    assert result.exit_code == 0, result.stderr
    facts = json.loads(result.stdout)
    assert (facts["letters"], facts["set_aside"], facts["pages"]) == (3, 1, 3)


@pytest.mark.both_engines
def test_today_and_the_missions_count_what_is_printed(
    app: Flask, session: Session, campaign: Campaign, ready: int
) -> None:
    jobs.run_now("overview.count")
    staff = make_staff_user(session, Role.STAFF)
    (carried,) = [
        todo
        for todo in list_delivery_todos(session, by=staff, now=db.utcnow())
        if todo.slug == "to-carry"
    ]
    assert [item.number for item in carried.items] == [3]
    figures = count_figures.figures_of(session, campaign)[0]
    assert (figures.count("bundle", ready), figures.letters(campaign.targets[0].id, "aside")) == (
        3,
        1,
    )
    (row,) = mission_rows(session, campaign, figures)
    assert (row.printed, row.to_deliver, row.waiting) == (3, 3, 0)


@pytest.fixture
def in_pairs(campaign: Campaign, freeze: Freeze, print_bundle: Print) -> int:
    """A bundle of them, in volumes of two letters."""
    bundle_id = freeze(campaign.id, volume_letters=2)
    assert print_bundle(bundle_id) is BundleState.READY
    return bundle_id


def send_without(session: Session, bundle_id: int, number: int) -> Bundle:
    """Withdraw a letter, and have the bundle made again without it."""
    numbered = select(Letter.signature_id).where(Letter.sequence == number)
    session.get_one(Signature, session.scalar(numbered)).state = SignatureState.WITHDRAWN
    session.commit()
    with db.transaction() as writing:
        assert remake_bundle.remake(writing, writing.get_one(Bundle, bundle_id), actor="test") == 1
    return reload(session, bundle_id)


def test_a_bundle_that_is_made_again_counts_what_it_will_hold_at_the_pace_of_now(
    session: Session, in_pairs: int
) -> None:
    bundle = send_without(session, in_pairs, 1)
    assert bundle.remade_at is not None
    later = bundle.remade_at + timedelta(seconds=4)
    begun = find_bundles.progress_of(session, bundle, later)
    assert (begun.done, begun.lately, begun.total) == (1, 0, 2)
    assert (begun.per_second, begun.seconds_left) == (0.0, None)
    session.rollback()
    taken = print_queue.claim_next(in_pairs)
    assert taken is not None
    assert print_queue.beat(taken, 1)
    gone_on = find_bundles.progress_of(session, reload(session, in_pairs), later)
    assert (gone_on.done, gone_on.lately, gone_on.per_second) == (2, 1, 0.25)


def test_a_volume_that_is_made_again_was_not_started_in_vain(
    session: Session, in_pairs: int, print_bundle: Print
) -> None:
    assert find_bundles.count_starts(session, send_without(session, in_pairs, 1)) == 0
    session.rollback()
    assert print_bundle(in_pairs) is BundleState.READY
    send_without(session, in_pairs, 2)
    for starts in (1, 2):
        session.rollback()
        taken = print_queue.claim_next(in_pairs)
        assert taken is not None
        assert find_bundles.count_starts(session, reload(session, in_pairs)) == starts
        session.rollback()
        print_queue.give_back(taken)
        with db.transaction() as writing:
            writing.execute(update(Volume).values(lease_until=None))


@pytest.mark.both_engines
@pytest.mark.parametrize("blocks", [proof_print._BLOCKS, 1])
def test_a_proof_of_a_rare_language_shows_its_first_three(
    session: Session, settings: Settings, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    campaign, start = make_campaign(session), db.utcnow()
    add_confirmed(session, campaign, 5, letter_locale="en")
    add_confirmed(session, campaign, 1, letter_locale="fr", given_name="Aline")
    add_confirmed(
        session,
        campaign,
        3,
        letter_locale="fr",
        id=lambda at: 5000 + 1000 * at,
        given_name=lambda at: ["Berthe", "Chloé", "Denise"][at],
        confirmed_at=lambda at: start + timedelta(hours=1 + at),
    )
    session.commit()
    jobs.run_now("overview.count")
    for name, value in (("SORTED", 0), ("_WINDOW", 3), ("LOOKED_AT", 3), ("_BLOCKS", blocks)):
        monkeypatch.setattr(proof_print, name, value)
    mission = campaign.targets[0].mission
    assert mission is not None
    part = JourneyPart(campaign, BundleChoice(locales=frozenset({"fr"})))
    proof = proof_print.make_proof(session, part, mission=mission, settings=settings, locale="en")
    first = [shown.letter for shown in proof.shown if shown.why == "first"]
    assert [letter.signature_name.split()[0] for letter in first] == ["Aline", "Berthe", "Chloé"]
    assert proof.waiting == 4
