"""Cards are called cards, on every paper and page of a bundle."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.bundles.nouns import Noun, common_noun
from campaign.models.bundle import Bundle, BundleState
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_cover_texts import text_of
from tests.integration.bundles.test_print import contents, zip_of


@pytest.fixture
def cards(session: Session, freeze: Freeze, print_bundle: Print) -> Bundle:
    """Three cards that are printed."""
    campaign = make_campaign(session, format="card")
    add_confirmed(session, campaign, 3, letter_locale="en")
    session.commit()
    bundle_id = freeze(campaign.id)
    assert print_bundle(bundle_id) is BundleState.READY
    return reload(session, bundle_id)


def test_papers_and_pages_of_cards_speak_of_cards(
    app: Flask, session: Session, cards: Bundle, client: FlaskClient, tmp_path: Path
) -> None:
    bundle_id, url = cards.id, f"/desk/bundles/{cards.public_id}"
    session.rollback()
    made = contents(zip_of(app, bundle_id, tmp_path))
    papers = {
        name: " ".join(text_of(made[name]).split())
        for name in (
            "cover-letter.pdf",
            "signatures.pdf",
            "labels.pdf",
            "contents.pdf",
            "delivery-sheet.pdf",
        )
    }
    assert "cards for" in papers["cover-letter.pdf"]
    assert "3 cards" in papers["signatures.pdf"]
    assert "Volume 1 of 1: 3 cards" in papers["labels.pdf"]
    assert "Delivery of cards" in papers["delivery-sheet.pdf"]
    for name, words in papers.items():
        own = words.replace("Letters for Defenders", "").replace("letters-001.pdf", "")
        assert "letters" not in own.lower(), name
    sign_in(client, app, Role.STAFF)
    assert "Cards frozen" in client.get(url).text
    gate = client.get(f"{url}/deliver").text
    assert "3 cards" in gate
    assert "They took all cards" in gate
    assert "3 cards" in client.get("/desk/today").text


def test_what_is_of_both_kinds_is_called_both() -> None:
    assert common_noun([Noun.CARD, Noun.CARD]) is Noun.CARD
    assert common_noun([Noun.CARD, Noun.LETTER]) is Noun.BOTH
    assert common_noun([]) is Noun.LETTER
