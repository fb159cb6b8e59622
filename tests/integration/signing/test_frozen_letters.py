"""A letter is one letter wherever it is made, and after it was frozen whatever changes later."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.bundles.freeze.bundle_facts import facts_of
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.bundles.volumes.load_letters import load_some, load_volume
from campaign.core import db
from campaign.core.settings import Settings
from campaign.models.signature import Disclosure, Signature
from campaign.printing.printed_content import LetterContext
from campaign.signing.campaign_terms import plan_of
from campaign.signing.letter.draft import draft_letters, signed_letters
from campaign.signing.sign import columns_of
from campaign.signing.validate import check_form
from tests.factories import add_confirmed, make_campaign
from tests.integration.signing.conftest import FORM


def says(letter: LetterContext) -> dict[str, Any]:
    """All that a letter says, but for what names it to who asked for it."""
    texts = {name: getattr(letter, name) for name in type(letter).__slots__}
    return {name: text for name, text in texts.items() if name not in {"key", "number"}}


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"disclosure": "full", "points": ["recognise", "investigate"]},
        {"disclosure": "name", "letter_locale": "fr"},
        {"full_text": "Please have Amara Okafor protected. I ask it of you."},
    ],
)
def test_checked_looked_at_proofed_and_printed_it_is_the_same_letter(
    session: Session, settings: Settings, typed: dict[str, Any]
) -> None:
    campaign = make_campaign(
        session, letter_locales=["es", "en", "fr"], print_translation=True, full_text_edit=True
    )
    values = {**FORM, **typed}
    offer = plan_of(campaign).offer(values["letter_locale"])
    form, problems = check_form(values, values.pop("points"), offer, limit=500)
    assert form is not None, problems
    [signature] = add_confirmed(session, campaign, 1, **columns_of(form))
    session.commit()
    mission, locale, now = campaign.targets[0].mission, form.letter_locale, signature.signed_at
    assert mission is not None
    [checked] = draft_letters(campaign, form, locale, now=now)
    [waiting] = signed_letters(signature)
    pairs = {(campaign.targets[0].id, locale)}
    facts = facts_of(
        campaign,
        mission,
        pairs=pairs,
        at=db.utcnow(),
        settings=settings,
        locale="en",
        choice=BundleChoice(),
    )
    ids = [row.id for row in signature.letters]
    [proof] = load_some(session, ids, facts, campaign_id=campaign.id).letters
    bundle = freeze(
        session, campaign=campaign, mission=mission, settings=settings, locale="en", actor="test"
    )
    session.commit()
    session.expire_all()
    [printed] = load_volume(session, bundle.volumes[0].id).letters
    [kept] = signed_letters(session.get_one(Signature, signature.id))
    assert (checked.number, waiting.number, proof.number) == (None, None, None)
    assert (printed.number, kept.number) == ("00001", "00001")
    assert (checked.translation is None) is bool(form.full_text)
    for letter in (waiting, proof, printed, kept):
        assert says(letter) == says(checked)


@pytest.mark.parametrize("form", ["letter", "card"])
def test_a_frozen_letter_is_what_the_bundle_prints(app: Flask, session: Session, form: str) -> None:
    campaign = make_campaign(session, format=form)
    [signature] = add_confirmed(session, campaign, 1, disclosure=Disclosure.FULL)
    session.commit()
    target = campaign.targets[0]
    mission = target.mission
    assert mission
    settings = app.extensions["settings"]
    bundle = freeze(
        session, campaign=campaign, mission=mission, settings=settings, locale="en", actor="test"
    )
    session.commit()
    target.official.name, mission.locality = "Somebody Else", "Elsewhere"
    mission.host_country = "FR"
    campaign.person_name, campaign.timezone = "Another Name", "Pacific/Auckland"
    campaign.format = "letter" if form == "card" else "card"  # type: ignore[assignment]
    session.commit()
    session.expire_all()
    [printed] = load_volume(session, bundle.volumes[0].id).letters
    letters = signed_letters(session.get_one(Signature, signature.id))
    [kept] = letters
    assert letters.cards is (form == "card")
    assert letters.layout is not None
    assert letters.layout.slug == "us-10"
    assert says(kept) == says(printed)
    assert kept.number == printed.number
