"""Facts that signed letters say: whoever changes one is asked first, and told how many letters."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from campaign.campaigns.content import revisions
from campaign.models.campaign import Campaign, LetterTemplate
from campaign.models.revision import Part, RiskFlag, RiskKind
from campaign.models.signature import Signature
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_pages import FACTS
from tests.ticks import tick

ASKED = " that {} not in a bundle yet would say something other than "


@pytest.fixture
def campaign(session: Session) -> Campaign:
    campaign = make_campaign(session, act_by=days_ago(-30))
    session.commit()
    return campaign


@pytest.fixture
def desk(client: FlaskClient, app: Flask, campaign: Campaign) -> FlaskClient:
    sign_in(client, app, Role.ADMIN)
    return client


def sign(session: Session, campaign: Campaign, letters: int = 3, **more: Any) -> list[Signature]:
    """One in each language of the campaign."""
    signatures = add_confirmed(session, campaign, letters, **more)
    session.commit()
    return signatures


def save(desk: FlaskClient, session: Session, campaign: Campaign, **changed: str) -> TestResponse:
    facts = FACTS | {"reference": campaign.reference, "timezone": campaign.timezone} | changed
    page = post(desk, f"/desk/campaigns/{campaign.slug}/facts", facts, follow_redirects=True)
    session.rollback()
    session.refresh(campaign)
    return page


@pytest.mark.parametrize(
    ("name", "fact", "letters"),
    [
        ("person_name", "Another Person", "3 signed letters"),
        ("country", "GT", "3 signed letters"),
        ("reference", "UA 99/26", "3 signed letters"),
        ("person_pronouns", "they", ""),
        ("index_number", "AMR 1/2", ""),
    ],
)
def test_whoever_changes_what_signed_letters_say_is_asked(
    desk: FlaskClient, session: Session, campaign: Campaign, name: str, fact: str, letters: str
) -> None:
    sign(session, campaign)
    before = getattr(campaign, name)
    page = save(desk, session, campaign, **{name: fact})
    assert (letters + ASKED.format("are") in page.text) is bool(letters)
    assert getattr(campaign, name) == (before if letters else fact)
    if letters:
        page = save(desk, session, campaign, **{name: fact}, **tick(page))
    assert "Facts saved." in page.text
    assert getattr(campaign, name) == fact


@pytest.mark.both_engines
def test_before_somebody_signs_nobody_is_asked(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    text = save(
        desk, session, campaign, person_name="Another", country="GT", reference="UA 9/26"
    ).text
    assert "Facts saved." in text


def test_only_letters_that_say_the_fact_are_counted(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    """Who rewrote the text says the person in the subject still, and the country no more."""
    sign(session, campaign)
    sign(session, campaign, 1, full_text="My own words.")
    assert (
        f"3 signed letters{ASKED.format('are')}" in save(desk, session, campaign, country="GT").text
    )
    assert "4 signed letters" in save(desk, session, campaign, person_name="Another Person").text
    for template in session.query(LetterTemplate).filter_by(locale="fr"):
        template.opening = "Je vous écris."
    session.commit()
    assert "2 signed letters" in save(desk, session, campaign, country="GT").text


def test_in_a_language_with_a_name_of_its_own_the_name_of_the_facts_changes_nothing(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    sign(session, campaign)
    page = f"/desk/campaigns/{campaign.slug}/editions/fr"
    edition = next(edition for edition in campaign.editions if edition.locale == "fr")
    texts = {"title": edition.title, "summary": edition.summary, "asks": "\n".join(edition.asks)}
    named = texts | {"person_name": "Amara l’Okafor"}
    asked = post(desk, page, named)
    assert f"1 signed letter{ASKED.format('is')}" in asked.text
    post(desk, page, named | tick(asked))
    session.rollback()
    session.refresh(edition)
    assert edition.person_name == "Amara l’Okafor"
    assert "2 signed letters" in save(desk, session, campaign, person_name="Another Person").text
    assert "signed letter" not in post(desk, page, named | {"title": "Autre titre"}).text


def test_restoring_asks_as_well(desk: FlaskClient, session: Session, campaign: Campaign) -> None:
    save(desk, session, campaign, person_name="Another Person")
    sign(session, campaign)
    newest = revisions.newest_number(session, campaign, Part.FACTS, "")
    session.rollback()
    page = f"/desk/campaigns/{campaign.slug}/history/facts/-/0"
    asked = post(desk, page, {"seen": f"{newest}"})
    assert (asked.status_code, "3 signed letters" in asked.text) == (422, True)
    post(desk, page, {"seen": f"{newest}"} | tick(asked))
    session.rollback()
    session.refresh(campaign)
    assert campaign.person_name == "Amara Okafor"


def test_letters_are_counted_whose_printed_translation_says_the_fact(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    campaign.print_translation, campaign.letter_locales = True, ["es", "en"]
    for template in campaign.templates:
        if template.locale == "en":
            template.opening = "I write to you."
    sign(session, campaign, 2, letter_locale="en")
    sign(session, campaign, 1, letter_locale="en", full_text="My own words.")
    assert (
        f"2 signed letters{ASKED.format('are')}" in save(desk, session, campaign, country="GT").text
    )


def test_the_old_name_that_a_letter_has_typed_out_is_named(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    sign(session, campaign)
    typed = "The letter also has “Amara Okafor” typed out."
    assert typed not in save(desk, session, campaign, person_name="Another Person").text
    campaign.templates[0].closing = "Protect Amara Okafor."
    session.commit()
    assert typed in save(desk, session, campaign, person_name="Another Person").text
    assert typed not in save(desk, session, campaign, reference="UA 99/26").text


def test_a_tick_holds_for_what_was_shown_with_it(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    campaign.risk_flags = [RiskFlag(kind=RiskKind.WITNESS, words="Lobo")]
    sign(session, campaign)
    before = campaign.person_name
    letters = tick(save(desk, session, campaign, person_name="José Díaz"))
    page = save(desk, session, campaign, person_name="José Lobo", **letters)
    assert "<mark>Lobo</mark>" in page.text
    other = save(desk, session, campaign, person_name="José Other", **letters)
    assert "3 signed letters" in other.text, "of this name nobody was asked"
    assert "3 signed letters" in page.text, "both are shown together"
    assert not re.search(r'name="risks_seen"[^>]*\bchecked', page.text), "it is asked anew"
    assert campaign.person_name == before
    save(desk, session, campaign, person_name="José Lobo", **tick(page))
    assert campaign.person_name == "José Lobo"
    risks = desk.get(f"/desk/campaigns/{campaign.slug}/risks").text
    assert "José <mark>Lobo</mark>" in risks
    assert (
        "The facts contain words that a risk flag rules out."
        in desk.get(f"/desk/campaigns/{campaign.slug}").text
    )


def test_who_signs_meanwhile_does_not_have_it_asked_again(
    desk: FlaskClient, session: Session, campaign: Campaign
) -> None:
    sign(session, campaign)
    asked = save(desk, session, campaign, country="GT")
    sign(session, campaign, 4)
    page = save(desk, session, campaign, country="GT", **tick(asked))
    assert "Facts saved." in page.text
    reference = save(desk, session, campaign, country="SV", reference="UA 9/26", **tick(asked))
    assert "7 signed letters" in reference.text, "more letters say this fact"
