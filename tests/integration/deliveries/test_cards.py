"""Cards are called cards: at the gate, in envelopes, through another mission and after a stop."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.deliveries.envelopes import split_bundle
from campaign.models.bundle import Bundle, DeliveryOutcome
from tests.factories import post
from tests.integration.deliveries.conftest import Record, let_go
from tests.integration.deliveries.test_envelopes import posting


@pytest.fixture
def cards(session: Session, bundle: Bundle) -> Bundle:
    """The bundle as one of cards: to name it begins no transaction."""
    bundle.frozen = {**bundle.frozen, "format": "card"}
    session.commit()
    assert bundle.public_id
    assert bundle.campaign.slug
    return let_go(session, bundle)


def words_of(html: str) -> str:
    """What stands on a page, without its frame."""
    main = html[html.index("<main") : html.index("</main>")]
    return unescape(re.sub(r"<[^>]+>", " ", main))


def has_no_letters(words: str) -> bool:
    return not re.search(r"\bletters?\b", words, re.IGNORECASE) and "card" in words.casefold()


@pytest.mark.both_engines
def test_no_page_of_a_bundle_of_cards_speaks_of_letters(
    app: Flask, staff: FlaskClient, cards: Bundle, record: Record, other_mission: str
) -> None:
    gate = f"/desk/bundles/{cards.public_id}/deliver"
    after = f"/desk/bundles/{cards.public_id}/after"
    assert has_no_letters(words_of(staff.get(gate).text))
    record(cards, DeliveryOutcome.PART, taken=2)
    assert has_no_letters(words_of(staff.get(after).text))
    assert has_no_letters(words_of(post(staff, f"{after}/part", {"numbers": "1-9"}).text))
    assert post(staff, f"{after}/part", {"numbers": "1-2"}).status_code == 303
    assert has_no_letters(words_of(staff.get(after).text))
    assert has_no_letters(words_of(staff.get(f"{after}/reroute?mission={other_mission}").text))
    with app.app_context(), db.transaction() as session:
        bundle = session.get_one(Bundle, cards.id)
        split_bundle.split_bundle(session, bundle, letters_each=2, with_letters=False, actor="test")
    assert has_no_letters(words_of(staff.get(f"{after}?letter=3").text))
    assert post(staff, f"{after}/post", posting(last="1")).status_code == 303
    assert has_no_letters(words_of(staff.get(after).text))


def test_a_card_is_not_offered_to_be_printed_again(
    staff: FlaskClient, session: Session, cards: Bundle, record: Record
) -> None:
    """Its sheets hold several, to be cut: envelopes take the cards that came back."""
    record(cards, DeliveryOutcome.REFUSED)
    after = f"/desk/bundles/{cards.public_id}/after"
    assert 'name="with_letters"' not in staff.get(after).text
    sent = post(staff, f"{after}/split", {"letters_each": "2", "with_letters": "y"})
    assert sent.status_code == 303
    [run] = session.query(split_bundle.EnvelopeRun).all()
    assert not run.with_letters


def test_the_page_of_a_stopped_action_speaks_of_no_letters(
    staff: FlaskClient, cards: Bundle, stop: Callable[[], None]
) -> None:
    stop()
    gate = staff.get(f"/desk/bundles/{cards.public_id}/deliver").text
    assert "Do not print or deliver anything from it" in gate
    page = staff.get(f"/desk/bundles/{cards.public_id}").text
    assert "Do not deliver the paper of this bundle." in page
