"""A writer's page shows that the letter is among those that were delivered; the case page the code.

Nothing of it is told before: until it is delivered, a bundle can be made again.
"""

import json
import re
from collections.abc import Callable
from hashlib import sha256

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.bundles.changes import prints
from campaign.bundles.letter_codes.proof_file import read_proof
from campaign.bundles.volumes import print_jobs
from campaign.core import clock, db
from campaign.core.db import new_public_id
from campaign.core.text.desk_texts import group_code
from campaign.deliveries import publish_delivery, record_delivery
from campaign.deliveries.envelopes.mark_posted import Posting, post_envelopes
from campaign.deliveries.envelopes.split_bundle import split_bundle
from campaign.models.bundle import (
    CAME_BACK,
    Bundle,
    BundleState,
    DeliveryAttempt,
    DeliveryOutcome,
    TakenLetters,
)
from campaign.models.campaign import Campaign
from campaign.models.delivery import GateVisit
from campaign.models.signature import Letter, Signature, SignatureState
from campaign.privacy.anonymise import anonymise_signatures
from tests.days import ZONE, today
from tests.factories import add_confirmed
from tests.integration.conftest import Keep
from tests.integration.tracking.conftest import Deliver, sign

Freeze = Callable[[Campaign], int]


@pytest.fixture
def printed(
    app: Flask, session: Session, campaign: Campaign, ana: Signature, freeze: Freeze, keep: Keep
) -> int:
    """Ana's letter, and two more, printed."""

    def make() -> int:
        add_confirmed(session, campaign, 2)
        session.commit()
        bundle_id = freeze(campaign)
        with app.app_context():
            state = print_jobs.print_here(bundle_id, at_once=1, progress=lambda _done: None)
        assert state is BundleState.READY
        return bundle_id

    return keep("printed", make)


def check_code_of(session: Session, bundle_id: int) -> str:
    session.rollback()
    return prints.find_check_code(session, session.get_one(Bundle, bundle_id))


def page_of(client: FlaskClient, signature: Signature) -> str:
    response = client.get(f"/en/letter/token-{signature.id}")
    assert response.status_code == 200
    return response.text


def links_on(page: str) -> list[str]:
    return re.findall(r'href="(/en/letter/[^"]+\.(?:json|txt))"', page)


def test_once_it_is_delivered_the_page_gives_a_proof_and_the_words_that_were_printed(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    assert links_on(page_of(client, ana)) == []
    letter_id = session.scalars(select(Letter.public_id).where(Letter.signature == ana)).one()
    address = f"/en/letter/token-{ana.id}/proof/{letter_id}.json"
    session.rollback()
    assert client.get(address).status_code == 404
    deliver(printed)
    page = page_of(client, ana)
    code = check_code_of(session, printed)
    assert "is one of the 3 letters that we printed together." in page
    assert "The check code on the cover letter is:" in page
    assert group_code(code) in page
    proof_link, text_link = links_on(page)
    assert proof_link == address
    response = client.get(proof_link)
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Content-Type"] == "application/json"
    assert "attachment" in response.headers["Content-Disposition"]
    proof = read_proof(response.data)
    assert (proof.holds, proof.check_code, proof.letters) == (True, code, 3)
    for told in (b"Ana", b"Plantada", b"token", b"example", letter_id.encode()):
        assert told not in response.data
    fields = "format about bundle number letters index words path check_code"
    assert list(json.loads(response.data)) == fields.split()
    text = client.get(text_link)
    assert text.headers["Cache-Control"] == "no-store"
    assert b"I have followed this case for a year." in text.data
    assert sha256(text.data).hexdigest() == proof.words


def test_the_proof_of_another_is_not_found(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    deliver(printed)
    others = select(Letter.public_id).where(Letter.signature_id != ana.id)
    ids = list(session.scalars(others))
    session.rollback()
    for letter_id in [*ids, new_public_id()]:
        for name in (f"proof/{letter_id}.json", f"text/{letter_id}.txt"):
            assert client.get(f"/en/letter/token-{ana.id}/{name}").status_code == 404


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_what_came_back_has_no_proof(
    client: FlaskClient, ana: Signature, printed: int, deliver: Deliver, came_back: DeliveryOutcome
) -> None:
    deliver(printed, came_back)
    assert links_on(page_of(client, ana)) == []


def test_words_that_would_be_written_otherwise_now_are_not_offered_and_the_proof_is(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    deliver(printed)
    signature = session.get_one(Signature, ana.id)
    signature.own_words = "Other words than were printed."
    session.commit()
    [proof_link] = links_on(page_of(client, ana))
    assert read_proof(client.get(proof_link).data).holds
    letter_id = proof_link.rpartition("/")[2].removesuffix(".json")
    text = client.get(f"/en/letter/token-{ana.id}/text/{letter_id}.txt")
    assert text.status_code == 404


def test_whose_data_is_deleted_has_no_proof_any_more(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    deliver(printed)
    [proof_link, _text] = links_on(page_of(client, ana))
    anonymise_signatures(session, [ana.id], db.utcnow())
    session.commit()
    assert client.get(proof_link).status_code == 410
    assert links_on(page_of(client, ana)) == []


def test_a_card_is_a_card(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    deliver(printed)
    session.get_one(Campaign, ana.campaign_id).format = "card"  # type: ignore[assignment]
    session.commit()
    page = page_of(client, ana)
    assert "is one of the 3 cards that we printed together." in page


def test_of_a_part_it_is_not_said_that_all_were_delivered(
    client: FlaskClient, session: Session, ana: Signature, printed: int, deliver: Deliver
) -> None:
    deliver(printed, DeliveryOutcome.PART, taken=2)
    attempt = session.scalars(select(DeliveryAttempt)).one()
    attempt.taken = [TakenLetters(first_number=1, last_number=2)]
    number = session.scalars(select(Letter).where(Letter.signature == ana)).one().sequence
    session.commit()
    assert number == 1
    page = page_of(client, ana)
    assert "Letter 00001 is one of the 3 letters that we printed together." in page
    assert "of this delivery" not in page


@pytest.mark.both_engines
def test_with_an_envelope_no_cover_letter_went(
    client: FlaskClient, session: Session, ana: Signature, printed: int
) -> None:
    bundle = session.get_one(Bundle, printed)
    run = split_bundle(session, bundle, letters_each=1, with_letters=False, actor="test")
    posting = Posting(1, 1, clock.today(ZONE))
    post_envelopes(session, run, posting, key=new_public_id(), actor="test")
    session.commit()
    page = page_of(client, ana)
    assert "Letter 00001 is one of the 3 letters that we printed together." in page
    assert "The check code is:" in page
    assert "cover letter" not in page


def test_of_two_bundles_in_one_visit_each_has_its_own_number(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    ana: Signature,
    printed: int,
    freeze: Freeze,
) -> None:
    eva = sign(session, campaign, email="eva@example.org", given_name="Eva")
    second = freeze(campaign)
    with app.app_context():
        print_jobs.print_here(second, at_once=1, progress=lambda _done: None)
    session.rollback()
    bundles = [session.get_one(Bundle, bundle_id) for bundle_id in (printed, second)]
    record_delivery.record_visit(
        session,
        carried=[record_delivery.CarriedBundle(bundle) for bundle in bundles],
        happened=record_delivery.VisitFacts(outcome=DeliveryOutcome.ACCEPTED, happened_on=today()),
        key=new_public_id(),
        actor="test",
    )
    session.commit()
    assert "is one of the 3 letters that we printed together." in page_of(client, ana)
    assert "We printed letter 00001 alone." in page_of(client, eva)


def publish(app: Flask, bundle_id: int) -> None:
    with app.app_context(), db.transaction() as session:
        attempt = session.scalars(
            select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle_id)
        ).one()
        words = publish_delivery.DeliveryPost({"en": ("Letters delivered", "At the gate.")})
        visit = session.get_one(GateVisit, attempt.visit_id)
        publish_delivery.publish(session, attempt, visit, words, actor="test")


def unpublish(app: Flask, bundle_id: int) -> None:
    with app.app_context(), db.transaction() as session:
        attempt = session.scalars(
            select(DeliveryAttempt).where(DeliveryAttempt.bundle_id == bundle_id)
        ).one()
        publish_delivery.unpublish(session, attempt, actor="test")


def test_the_page_of_the_case_has_the_check_code_of_what_is_published_alone(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    printed: int,
    deliver: Deliver,
    fresh_pages: None,
) -> None:
    code = group_code(check_code_of(session, printed))
    address = f"/en/actions/{campaign.slug}"
    session.rollback()

    def page() -> str:
        response = client.get(address)
        assert response.status_code == 200
        return response.text

    assert code not in page()
    deliver(printed)
    assert code not in page()
    publish(app, printed)
    assert code in page()
    assert "We printed 3 letters together. They have this check code:" in page()
    unpublish(app, printed)
    assert code not in page()


@pytest.mark.parametrize("came_back", sorted(CAME_BACK))
def test_a_refused_delivery_that_is_published_has_no_check_code(
    app: Flask,
    client: FlaskClient,
    session: Session,
    campaign: Campaign,
    printed: int,
    deliver: Deliver,
    fresh_pages: None,
    came_back: DeliveryOutcome,
) -> None:
    code = group_code(check_code_of(session, printed))
    session.rollback()
    deliver(printed, came_back)
    publish(app, printed)
    page = client.get(f"/en/actions/{campaign.slug}").text
    assert "Letters delivered" in page
    assert code not in page


def test_an_invalid_signature_s_page_has_none_either(
    client: FlaskClient, session: Session, campaign: Campaign, printed: int, deliver: Deliver
) -> None:
    """It was found false before printing, and stands in no file."""
    eva = sign(session, campaign, email="eva@example.org", given_name="Eva")
    eva.state, eva.state_before = SignatureState.INVALID, SignatureState.CONFIRMED
    session.commit()
    deliver(printed)
    assert links_on(page_of(client, eva)) == []
