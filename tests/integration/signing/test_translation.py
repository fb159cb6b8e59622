"""Letters that print with their translation, from the page Check to the bundle."""

import io
import re
from pathlib import Path

import pypdfium2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.bundles.volumes.load_letters import load_volume
from campaign.bundles.volumes.print_jobs import run_press
from campaign.core.settings import Settings
from campaign.models.campaign import Campaign
from tests.factories import add_confirmed, make_campaign, make_letter_template
from tests.integration.signing.conftest import FORM

_SPANISH = "Haga proteger a Amara Okafor."


@pytest.fixture
def translated(session: Session) -> Campaign:
    """A campaign whose officials read Spanish, with translations printed."""
    campaign = make_campaign(session, letter_locales=["es", "en", "fr"], print_translation=True)
    session.commit()
    return campaign


def page_texts(body: bytes) -> list[str]:
    document = pypdfium2.PdfDocument(io.BytesIO(body))
    texts = [" ".join(page.get_textpage().get_text_range().split()) for page in document]
    document.close()
    return texts


def test_the_translation_is_checked_and_printed(client: FlaskClient, translated: Campaign) -> None:
    case = f"/en/actions/{translated.slug}"
    form = {**FORM, "points": ["recognise", "protect"]}
    page = client.post(f"{case}/check", data=form).text
    [section] = re.findall(
        r'<section class="letter-translation" lang="es".*?</section>', page, re.DOTALL
    )
    assert "Traducción" in section
    assert section.index("Diga en público") < section.index(_SPANISH)
    assert "Palabras propias de quien escribe, tal como las escribió (inglés):" in section
    assert "I write because I care." in section
    first, second = page_texts(client.post(f"{case}/preview.pdf", data=form).data)
    assert "Please have Amara Okafor protected." in first
    assert "Traducción" in second
    assert _SPANISH in second
    spanish = client.post(f"{case}/check", data={**form, "letter_locale": "es"}).text
    assert "letter-translation" not in spanish


def test_in_a_bundle_each_letter_is_followed_by_its_page(
    session: Session, app: Flask, settings: Settings, translated: Campaign, tmp_path: Path
) -> None:
    signed = add_confirmed(
        session, translated, 6, letter_locale=lambda n: ("es", "en", "fr")[n % 3]
    )
    mission = translated.targets[0].mission
    assert mission is not None
    bundle = freeze(
        session, campaign=translated, mission=mission, settings=settings, locale="en", actor="test"
    )
    # What is written after a letter was signed changes nothing in it.
    translated.templates.append(make_letter_template("es", version=2))
    translated.templates[-1].opening = "Nuevo."
    translated.print_translation = False
    session.commit()
    loaded = load_volume(session, bundle.volumes[0].id)
    printed = run_press(loaded, tmp_path / "volume.pdf", lambda _done: None)
    assert printed.set_aside == ()
    assert [letter.pages for letter in printed.letters] == [1, 2, 2, 1, 2, 2]
    assert [letter.first_page for letter in printed.letters] == [1, 2, 4, 6, 7, 9]
    pages = page_texts((tmp_path / "volume.pdf").read_bytes())
    assert len(pages) == printed.pages == 10
    for at in (2, 4, 7, 9):
        assert pages[at].startswith("Traducción")
        assert "Nuevo." not in pages[at]
        assert "UA" in pages[at]
    assert len(signed) == 6


def test_a_rewritten_letter_has_no_translation(client: FlaskClient, session: Session) -> None:
    campaign = make_campaign(
        session, letter_locales=["es", "en"], print_translation=True, full_text_edit=True
    )
    session.commit()
    form = {**FORM, "full_text": "Please have Amara Okafor protected. I ask it of you."}
    page = client.post(f"/en/actions/{campaign.slug}/check", data=form)
    assert page.status_code == 200
    assert "letter-translation" not in page.text
