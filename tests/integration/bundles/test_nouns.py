"""Cards are called cards, on every paper and page of a bundle."""

import html
import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.bundles.nouns import Noun, common_noun
from campaign.campaigns.status_changes import stop_campaign
from campaign.core import db
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Target
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, make_target_official, post, sign_in
from tests.integration.bundles.conftest import Freeze, Print, reload
from tests.integration.bundles.test_cover_texts import text_of
from tests.integration.bundles.test_print import contents, zip_of
from tests.integration.conftest import Keep

_NO_CARDS = (
    "Letters for Defenders",
    "Letter – #10 envelope",
    "letters-001.pdf",
    "cover-letter.pdf",
    "cover letter",
    "every letter with its place",
    "Each letter begins on its own sheet. A one-page letter is followed by a blank page.",
    "A letter that is too long for a card",
)
"""What has letters in it on pages of cards too."""


@pytest.fixture
def cards(session: Session, freeze: Freeze, print_bundle: Print, keep: Keep) -> Bundle:
    """Three cards that are printed."""

    def make() -> int:
        campaign = make_campaign(session, format="card")
        add_confirmed(session, campaign, 3, letter_locale="en")
        session.commit()
        bundle_id = freeze(campaign.id)
        assert print_bundle(bundle_id) is BundleState.READY
        return bundle_id

    return reload(session, keep("cards", make))


def test_papers_and_pages_of_cards_speak_of_cards(
    app: Flask, session: Session, cards: Bundle, client: FlaskClient, tmp_path: Path
) -> None:
    bundle_id, url = cards.id, f"/desk/bundles/{cards.public_id}"
    session.rollback()
    files = contents(zip_of(app, bundle_id, tmp_path))
    papers = {
        name: " ".join(text_of(files[name]).split())
        for name in (
            "cover-letter.pdf",
            "signatures.pdf",
            "labels.pdf",
            "contents.pdf",
            "delivery-sheet.pdf",
        )
    }
    assert "cards about" in papers["cover-letter.pdf"]
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
    assert "Accepted all cards" in gate
    assert "3 cards" in client.get("/desk/today").text


def words_of(page: str) -> str:
    """What a page says, without what is called a letter on a bundle of cards too."""
    main = page[page.index("<main") :].partition("<script")[0]
    words = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", main)).split())
    for other in _NO_CARDS:
        words = re.sub(re.escape(other), "", words, flags=re.IGNORECASE)
    return words


def test_every_page_on_cards_speaks_of_cards(
    session: Session, cards: Bundle, client: FlaskClient
) -> None:
    bundle, campaign = f"/desk/bundles/{cards.public_id}", cards.campaign
    other = make_campaign(session, format="card", targets=[])
    other.targets.append(
        Target(official=make_target_official(9), mission=campaign.targets[0].mission, position=0)
    )
    add_confirmed(session, campaign, 5, letter_locale="en")
    add_confirmed(session, other, 2, letter_locale="en")
    wizard = f"mission={campaign.targets[0].mission.slug}&campaign={campaign.slug}"
    session.commit()
    sign_in(client, client.application, Role.STAFF)
    check = words_of(client.get(f"/desk/bundles/new?{wizard}").text)
    assert "1 volume of 5 cards" in check
    assert "Waiting, in a campaign you did not choose 2 cards" in check
    pages = [
        "/desk/bundles/",
        bundle,
        f"{bundle}/cancel",
        f"{bundle}/reprint",
        *(f"/desk/bundles/new{step}?{wizard}" for step in ("", "/letters", "/paper", "/proof")),
        f"/desk/exports/new?campaign={campaign.slug}&bundle={cards.public_id}",
    ]
    matches = {
        page: re.findall(r".{20}\bletters?\b.{20}", words_of(client.get(page).text), re.IGNORECASE)
        for page in pages
    }
    assert not any(matches.values()), matches
    assert post(client, f"{bundle}/cancel", {"reason": "A mistake"}).status_code == 303
    assert "letter" not in words_of(client.get(bundle).text).lower()


def test_a_stopped_bundle_of_cards_speaks_of_cards(
    app: Flask, session: Session, cards: Bundle, client: FlaskClient
) -> None:
    reasons = {"en": "She asked us to."}
    stop_campaign(session, cards.campaign, actor="test", now=db.utcnow(), reasons=reasons)
    session.commit()
    sign_in(client, app, Role.STAFF)
    page = client.get(f"/desk/bundles/{cards.public_id}").text
    assert "Do not print or deliver anything from it: another card could do harm." in page


def test_what_is_of_both_kinds_is_called_both() -> None:
    assert common_noun([Noun.CARD, Noun.CARD]) is Noun.CARD
    assert common_noun([Noun.CARD, Noun.LETTER]) is Noun.BOTH
    assert common_noun([]) is Noun.LETTER
