"""A supporter's letter after it was frozen: as it is printed, whatever changes later."""

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from campaign.bundles.freeze.freeze_bundle import freeze
from campaign.bundles.volumes.load_letters import load_volume
from campaign.models.signature import Disclosure, Signature
from campaign.signing.letter.draft import signed_letters
from tests.factories import add_confirmed, make_campaign


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
        session, campaign=campaign, mission=mission, settings=settings, locale="en", actor="staff:1"
    )
    session.commit()
    target.official.name, mission.locality = "Somebody Else", "Elsewhere"
    mission.host_country = "FR"
    campaign.person_name, campaign.timezone = "Another Name", "Pacific/Auckland"
    campaign.format = "letter" if form == "card" else "card"  # type: ignore[assignment]
    session.commit()
    session.expire_all()
    [printed] = load_volume(session, bundle.volumes[0].id).letters
    letters = signed_letters(session.get_one(Signature, signature.id), home="CA")
    [kept] = letters
    assert letters.cards is (form == "card")
    assert letters.layout is not None
    assert letters.layout.slug == "us-10"
    for name in type(kept).__slots__:
        if name != "key":
            assert getattr(kept, name) == getattr(printed, name), name
