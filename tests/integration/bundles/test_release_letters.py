"""A bundle that failed gives its letters back."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import prints, release_letters
from campaign.core import db, jobs
from campaign.core.errors import Refused
from campaign.models.bundle import Bundle, BundleState, DeliveryAttempt, DeliveryOutcome
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.models.staff import Role
from tests.days import today
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload

UNPRINTABLE = "\U000e0fff"


@pytest.fixture
def failed(session: Session, freeze: Freeze, print_bundle: Print) -> Bundle:
    """A bundle none of whose letters can be printed."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 3, own_words=f"I write {UNPRINTABLE}")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.FAILED
    return reload(session, bundle_id)


def test_its_letters_wait_again_and_the_next_bundle_prints_them(
    app: Flask, session: Session, failed: Bundle, freeze: Freeze, print_bundle: Print
) -> None:
    campaign_id, first = failed.campaign_id, failed.id
    session.rollback()
    with app.app_context(), db.transaction() as work:
        bundle = work.get_one(Bundle, first)
        assert release_letters.release(work, bundle, storage.storage(), actor="command") == 3
        for signature in work.scalars(select(Signature)):
            signature.own_words = "I write now in letters that print."
    again = freeze(campaign_id)
    assert again > first  # else the audit says of the new one what the first was
    assert print_bundle(again) is BundleState.READY
    next_bundle = reload(session, again)
    assert (next_bundle.sequence, next_bundle.letter_count) == (1, 3)
    assert set(session.scalars(select(Letter.set_aside))) == {None}


def test_of_a_bundle_from_which_all_withdrew_before_the_print_no_cause_is_to_be_fixed(
    client: FlaskClient, app: Flask, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    bundle_id = freeze(campaign.id)
    session.execute(update(Signature).values(state=SignatureState.WITHDRAWN))
    session.commit()
    sign_in(client, app, Role.STAFF)
    page = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    # Until it is printed no page counts what is in which print.
    waiting = client.get(f"{page}/after").text
    assert "The bundle is not ready yet." in waiting
    assert "If you have this print" not in waiting
    assert print_bundle(bundle_id) is BundleState.FAILED
    shown = client.get(page).text
    assert "Everything in it was withdrawn before it was printed" in shown
    assert "Fix the cause" not in shown
    released = post(client, f"{page}/release", follow_redirects=True).text
    assert "Contents released." in released
    assert client.get(page).status_code == 404


def test_a_bundle_that_is_ready_gives_back_what_was_set_aside_and_keeps_the_rest(
    app: Flask, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    add_confirmed(session, campaign, 1, own_words=f"I write {UNPRINTABLE}")
    session.commit()
    campaign_id = campaign.id
    bundle_id = freeze(campaign_id)
    assert print_bundle(bundle_id) is BundleState.READY
    session.rollback()
    with app.app_context(), db.transaction() as work:
        bundle = work.get_one(Bundle, bundle_id)
        assert release_letters.release(work, bundle, storage.storage(), actor="command") == 1
        for signature in work.scalars(select(Signature)):
            signature.own_words = "I write now in letters that print."
    again = freeze(campaign_id)
    assert print_bundle(again) is BundleState.READY
    next_bundle = reload(session, again)
    assert (next_bundle.sequence, next_bundle.letter_count) == (2, 1)


def test_a_bundle_that_is_being_printed_gives_nothing_back(
    app: Flask, session: Session, freeze: Freeze
) -> None:
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    session.commit()
    bundle_id = freeze(campaign.id)
    with app.app_context(), db.transaction() as work, pytest.raises(Refused, match="not-ready"):
        release_letters.release(
            work, work.get_one(Bundle, bundle_id), storage.storage(), actor="command"
        )


def test_what_was_ready_once_stays_as_given_up_with_its_hashes(
    app: Flask, client: FlaskClient, session: Session, freeze: Freeze, print_bundle: Print
) -> None:
    """Made again without a letter that was taken back, nothing of it prints any more."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 2)
    session.commit()
    campaign_id = campaign.id
    bundle_id = freeze(campaign_id)
    assert print_bundle(bundle_id) is BundleState.READY
    first, second = session.scalars(select(Signature).order_by(Signature.id)).all()
    first.state, second.own_words = SignatureState.WITHDRAWN, f"I write {UNPRINTABLE}"
    session.commit()
    jobs.run_now("bundles.remake")
    assert print_bundle(bundle_id) is BundleState.FAILED
    url = f"/desk/bundles/{reload(session, bundle_id).public_id}"
    session.rollback()
    sign_in(client, app, Role.STAFF)
    assert "The bundle was ready before, so destroy its printed sheets." in client.get(url).text
    assert post(client, f"{url}/release", {}).location.endswith(url)
    assert "This bundle was cancelled" in client.get(url).text
    bundle = reload(session, bundle_id)
    assert bundle.state is BundleState.CANCELLED
    assert [bool(recorded.removed_at) for recorded in prints.list_prints(session, bundle)] == [True]
    assert list(storage.storage().names()) == []
    assert session.scalars(select(Letter.bundle_id)).all() == [None, None]
    assert reload(session, freeze(campaign_id)).sequence == 2, "its number is used up"


def test_a_bundle_that_was_handed_over_gives_nothing_back_even_if_it_failed(
    app: Flask, session: Session, failed: Bundle
) -> None:
    session.add(
        DeliveryAttempt(
            campaign_id=failed.campaign_id,
            mission_id=failed.mission_id,
            bundle_id=failed.id,
            happened_on=today(),
            messages=1,
            outcome=DeliveryOutcome.POSTED,
        )
    )
    session.commit()
    bundle_id = failed.id
    session.rollback()
    with app.app_context(), db.transaction() as work, pytest.raises(Refused, match="handed-over"):
        release_letters.release(
            work, work.get_one(Bundle, bundle_id), storage.storage(), actor="command"
        )


def test_staff_release_by_a_button_and_organizers_cannot(
    app: Flask, client: FlaskClient, session: Session, failed: Bundle
) -> None:
    url = f"/desk/bundles/{failed.public_id}/release"
    session.rollback()
    sign_in(client, app, Role.ORGANIZER)
    assert post(client, url, {}).status_code == 404
    sign_in(client, app, Role.STAFF)
    page = client.get(f"/desk/bundles/{failed.public_id}").text
    assert url in page
    answer = post(client, url, {})
    assert answer.status_code == 303
    assert "/desk/bundles/new?" in answer.location
    session.rollback()
    assert session.scalars(select(Bundle)).all() == []
