"""A card, from the page Write to the PDF: what is checked is what is printed."""

import io
import re

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.campaigns.status_changes import close_campaign
from campaign.core import db
from campaign.models.campaign import Campaign
from campaign.models.signature import ConsentWording, Signature, SignatureState
from campaign.models.staff import Role
from campaign.signing.letter.draft import pdf_of, signed_letters
from campaign.signing.signed_links import digest_of
from tests.factories import add_confirmed, make_campaign, sign_in
from tests.integration.signing.conftest import FORM

_WORDS = (
    "Dear Governor,",
    "I write to you about Amara Okafor, who was threatened in Mexico.",
    "Please have Amara Okafor protected.",
    "Please find out who threatened her.",
    "I write because I care.",
    "Thank you for reading this letter.",
    "Yours sincerely,",
    "Maëlle Tremblay",
)


def pdf_text(body: bytes) -> tuple[int, str]:
    """Number of pages, and the words of all."""
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    texts = [page.get_textpage().get_text_range() for page in document]
    document.close()
    return len(texts), " ".join(" ".join(texts).split())


@pytest.fixture
def card(session: Session) -> str:
    """Address of a campaign of cards."""
    campaign = make_campaign(session, format="card")
    session.commit()
    return f"/en/actions/{campaign.slug}"


def test_the_card_that_is_checked_is_the_card_that_is_printed(
    client: FlaskClient, card: str
) -> None:
    page = client.post(f"{card}/check", data=FORM).text
    pages, printed = pdf_text(client.post(f"{card}/preview.pdf", data=FORM).data)
    [shown] = re.findall(r'<article class="card.*?</article>', page, re.DOTALL)
    assert pages == 1
    for words in _WORDS:
        assert words in shown
        assert words in printed
    for text in (shown, printed):
        assert "publicly" not in text  # a point that was not taken
    assert 'class="letter"' not in page
    assert ".card-points" in client.get("/letter.css").text


def test_a_card_takes_300_characters_of_own_words(client: FlaskClient, card: str) -> None:
    assert "more lines on the card" in client.get(f"{card}/write").text
    full = {**FORM, "own_words": "Word " * 60}
    assert client.post(f"{card}/check", data=full).status_code == 200
    response = client.post(f"{card}/preview.pdf", data=full)
    assert response.mimetype == "application/pdf"
    for step in ("you", "check", "sign", "preview.pdf"):
        long = {**FORM, "own_words": "a" * 301}
        assert client.post(f"{card}/{step}", data=long).status_code == 422


def test_a_card_that_offers_no_points_is_written(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(session, format="card")
    for template in campaign.templates:
        template.points = []
    session.commit()
    assert client.get(f"/en/actions/{campaign.slug}/write").status_code == 200


def test_a_card_whose_words_do_not_fit_is_refused_in_words(
    client: FlaskClient, session: Session, app: Flask
) -> None:
    campaign = make_campaign(session, format="card")
    for template in campaign.templates:
        template.opening = "Long sentences take their room. " * 60
    session.commit()
    response = client.post(f"/en/actions/{campaign.slug}/preview.pdf", data=FORM)
    assert response.status_code == 422
    assert "Your words do not fit on the card." in response.text
    sign_in(client, app, Role.ORGANIZER)
    preview = client.get(f"/desk/campaigns/{campaign.slug}/preview/en/letter.pdf")
    assert (preview.status_code, preview.mimetype) == (422, "text/html")


def test_an_address_that_does_not_fit_is_refused_in_words(
    client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    mission = campaign.targets[0].mission
    assert mission
    mission.address = ["1", "2", "3", "4", "5"]
    session.commit()
    response = client.post(f"/en/actions/{campaign.slug}/preview.pdf", data=FORM)
    assert response.status_code == 422
    assert "An address does not fit the window" in response.text


@pytest.mark.parametrize(
    ("address", "told"),
    [
        (
            ["1", "2", "3", "4", "5"],
            "the address has 9 lines, with name and office. The envelope window holds 7.",
        ),
        (
            ["知事ひらがな"] * 4,
            "the address has 8 lines, with name and office. The envelope window holds 6.",
        ),
        (["Nowhere " * 40], "the longest line of the address is"),
    ],
)
def test_an_organizer_reads_whether_a_line_is_too_long_or_the_lines_are_too_many(
    client: FlaskClient, session: Session, app: Flask, address: list[str], told: str
) -> None:
    campaign = make_campaign(session)
    mission = campaign.targets[0].mission
    assert mission
    mission.address = address
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    preview = client.get(f"/desk/campaigns/{campaign.slug}/preview/en/letter.pdf")
    assert preview.status_code == 422
    assert told in preview.text
    assert ("The envelope window holds" in preview.text) is ("lines, with" in told)
    assert ("longest line" in preview.text) is ("longest line" in told)


def test_a_plan_of_cards_prints_for_each_language(session: Session) -> None:
    campaign = make_campaign(session, format="card")
    add_confirmed(session, campaign, 3, own_words="Words of mine. " * 20)

    for signature in session.query(Signature):
        letters = signed_letters(signature)
        pages, text = pdf_text(pdf_of(letters))
        assert pages == 1
        assert "Words of mine." in text


def test_a_link_that_opens_no_card_any_more_speaks_of_a_card(
    client: FlaskClient, card: str, session: Session, app: Flask
) -> None:
    campaign = session.scalars(select(Campaign)).one()
    token = "token-of-a-card"
    [signature] = add_confirmed(session, campaign, 1, token_digest=digest_of(token))
    session.commit()
    link = f"/en/letter/{token}"
    assert "letter" not in heading(client.get(link).text)
    for state, title in (
        (SignatureState.WITHDRAWN, "This card was withdrawn"),
        (SignatureState.REJECTED, "We cannot print this card"),
        (SignatureState.ERASED, "This card was deleted"),
    ):
        signature.state = state
        session.commit()
        assert heading(client.get(link).text) == title
    close_campaign(session, campaign, actor="test", now=db.utcnow())
    session.commit()
    ended = client.post(f"{card}/sign", data=FORM)
    assert heading(ended.text) == "You can no longer write for this action"


def heading(page: str) -> str:
    """The words of a page's first heading."""
    [words] = re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return str(words).strip()


def test_who_signs_a_card_agrees_to_a_card(
    client: FlaskClient, card: str, session: Session
) -> None:
    page = client.post(f"{card}/check", data=FORM).text
    assert "keeps your card and your details, prints the card" in page
    assert "keeps your letter and your details" not in page
    assert client.post(f"{card}/sign", data=FORM).status_code == 303
    signature = session.scalars(select(Signature)).one()
    wording = session.get_one(ConsentWording, signature.consent_wording_id)
    assert "prints the card" in wording.delivery


def test_too_many_words_are_refused_as_those_of_a_card(client: FlaskClient, card: str) -> None:
    page = client.post(f"{card}/you", data={**FORM, "own_words": "Words. " * 60}).text
    assert "The card has room for 300. Shorten your words." in page
    assert "one page" not in page
