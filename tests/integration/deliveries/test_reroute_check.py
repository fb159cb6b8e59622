"""Another mission: what goes where is shown first, and what is given up again comes back."""

from collections.abc import Callable

import pypdfium2
import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles.changes import cancel_bundle
from campaign.core import clock, db
from campaign.core.audit import AuditEntry
from campaign.core.errors import Invalid
from campaign.deliveries.envelopes import split_bundle
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.remaining_letters import count_here
from campaign.models.bundle import Bundle, BundleState, DeliveryOutcome
from campaign.models.delivery import Envelope, LetterMove, Rerouting
from campaign.models.directory import Mission
from campaign.models.signature import Letter
from tests.factories import make_target_mission, make_target_official, post
from tests.integration.bundles.conftest import reload
from tests.integration.deliveries.conftest import Record, Reroute, let_go
from tests.integration.deliveries.test_envelopes import after

Places = Callable[[], list[tuple[int | None, ...]]]


@pytest.fixture
def refused(bundle: Bundle, session: Session, record: Record) -> Bundle:
    """Seven letters that came back from the gate."""
    record(bundle, DeliveryOutcome.REFUSED)
    came_back = reload(session, bundle.id)
    assert came_back.campaign.slug
    return let_go(session, came_back)


@pytest.fixture
def places(session: Session) -> Places:
    """Where each letter lies: its bundle, number, volume and pages."""

    def run() -> list[tuple[int | None, ...]]:
        session.rollback()
        columns = (
            Letter.bundle_id,
            Letter.sequence,
            Letter.volume_id,
            Letter.first_page,
            Letter.pages,
        )
        return [tuple(row) for row in session.execute(select(*columns).order_by(Letter.id))]

    return run


def post_two(session: Session, bundle: Bundle) -> None:
    """Seven envelopes of a letter each, of which two are posted."""
    run = split_bundle.split_bundle(
        session,
        session.get_one(Bundle, bundle.id),
        letters_each=1,
        with_letters=False,
        actor="test",
    )
    posting = Posting(1, 2, clock.today("America/Toronto"))
    post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")
    session.commit()


@pytest.mark.both_engines
def test_what_goes_where_is_shown_and_nothing_is_done_yet(
    staff: FlaskClient, refused: Bundle, session: Session, other_mission: str
) -> None:
    post_two(session, refused)
    page = staff.get(f"{after(refused, 'reroute')}?mission={other_mission}").text
    assert "<bdi>7\xa0Rue Exemple</bdi>" in page, "its number first in every language"
    assert "<dd>5</dd>" in page
    assert "Open 5 envelopes" in page
    assert "2 envelopes are already posted" in page
    assert "Open the proof as PDF" in page
    proof = post(staff, after(refused, "reroute/proof"), {"mission": other_mission})
    with pypdfium2.PdfDocument(proof.data) as pdf:
        text = pdf[0].get_textpage().get_text_bounded()
    assert "7 Rue Exemple" in text
    assert "Proof" in text
    session.rollback()
    assert session.scalars(select(Rerouting)).all() == []
    assert staff.get(after(refused, "reroute")).status_code == 422


def test_a_mission_without_a_street_is_refused_with_the_reason(
    staff: FlaskClient, refused: Bundle, session: Session, other_mission: str, reroute: Reroute
) -> None:
    session.execute(update(Mission).where(Mission.slug == other_mission).values(address=[]))
    session.commit()
    words = "This mission has no street address."
    asked = staff.get(f"{after(refused, 'reroute')}?mission={other_mission}")
    assert asked.status_code == 422
    assert words in asked.text
    assert words in post(staff, after(refused, "reroute"), {"mission": other_mission}).text
    with pytest.raises(Invalid):
        reroute(refused.id)


def test_only_what_the_form_offers_is_looked_at_and_proved(
    staff: FlaskClient, refused: Bundle, session: Session
) -> None:
    far = make_target_mission(8, slug="elsewhere", sending_country="FR")
    own = refused.mission_id
    session.add(far)
    stranger = make_target_official(
        9, slug="a-stranger", address=["1 Rue Exemple"], locality="Lyon"
    )
    session.add(stranger)
    session.commit()
    same = session.get_one(Mission, own).slug
    session.rollback()
    for slug in ("elsewhere", "post:a-stranger", same, "nobody"):
        asked = staff.get(f"{after(refused, 'reroute')}?mission={slug}")
        proof = post(staff, after(refused, "reroute/proof"), {"mission": slug})
        assert (asked.status_code, proof.status_code) == (422, 422)
        assert proof.mimetype == "text/html"


def test_letters_of_a_bundle_that_is_given_up_lie_where_they_were(
    staff: FlaskClient, refused: Bundle, session: Session, reroute: Reroute, places: Places
) -> None:
    before = places()
    moved_id = reroute(refused.id)
    assert places() != before
    session.rollback()
    cancel_bundle.cancel(
        session,
        session.get_one(Bundle, moved_id),
        storage.storage(),
        reason="A mistake.",
        actor="test",
    )
    session.commit()
    assert places() == before
    assert session.scalar(select(func.count()).select_from(LetterMove)) == 0
    assert session.scalar(select(func.count()).select_from(Rerouting)) == 0
    given_up = session.get_one(Bundle, moved_id)
    assert (given_up.state, given_up.returned_to_id) == (BundleState.CANCELLED, refused.id)
    assert count_here(session, session.get_one(Bundle, refused.id)) == 7
    entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "bundle.give-back")).one()
    assert entry.detail == {"letters": 7}
    new_url = f"/desk/bundles/{given_up.public_id}"
    session.rollback()
    page = staff.get(f"/desk/bundles/{refused.public_id}").text
    assert "its letters came back here" in page
    assert "now go through this mission" not in page
    assert "Everything in it is back in the bundle it came from" in staff.get(new_url).text
    reroute(refused.id)


def test_letters_of_envelopes_that_lay_here_are_in_them_again(
    refused: Bundle, session: Session, reroute: Reroute
) -> None:
    post_two(session, refused)
    moved_id = reroute(refused.id)
    session.rollback()
    cancel_bundle.cancel(
        session,
        session.get_one(Bundle, moved_id),
        storage.storage(),
        reason="A mistake.",
        actor="test",
    )
    run = split_bundle.get_run(session, session.get_one(Bundle, refused.id))
    posting = Posting(1, 7, clock.today("America/Toronto"))
    rest = post_envelopes(session, run, posting, key=db.new_public_id(), actor="test")
    assert rest.messages == 5


def test_where_nobody_noted_the_places_the_letters_wait_again(
    refused: Bundle, session: Session, reroute: Reroute, places: Places
) -> None:
    """They went to the other mission before places were noted."""
    moved_id = reroute(refused.id)
    session.rollback()
    session.execute(update(LetterMove).values(volume_id=None))
    cancel_bundle.cancel(
        session,
        session.get_one(Bundle, moved_id),
        storage.storage(),
        reason="A mistake.",
        actor="test",
    )
    session.commit()
    assert {bundle_id for bundle_id, *_rest in places()} == {None}
    assert session.scalar(select(func.count(Envelope.id))) == 0
