"""What the writer of a letter that staff rejected reads, wherever they come back to it."""

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.settings import Settings
from campaign.mail.messages import OutboxMail
from campaign.mail.sender import render
from campaign.models.campaign import Campaign
from campaign.models.signature import Signature, SignatureState
from tests.integration.signing.conftest import FORM
from tests.integration.tracking.conftest import ANA, reload


@pytest.fixture
def rejected(session: Session, ana: Signature, box: str) -> Signature:
    ana.state = SignatureState.REJECTED
    session.commit()
    return ana


@pytest.mark.both_engines
def test_my_letters_shows_the_text_that_is_still_here_and_what_was_decided(
    client: FlaskClient, rejected: Signature, box: str
) -> None:
    page = client.get(f"{box}/{rejected.public_id}").text
    assert "We have read this letter, and we cannot print it." in page
    assert rejected.own_words in page
    for false in ("We have deleted", "We have printed", "withdraw", "News by email"):
        assert false not in page


@pytest.mark.both_engines
@pytest.mark.parametrize("step", ["change", "withdraw"])
def test_nothing_says_that_it_was_withdrawn_and_what_was_typed_comes_back(
    client: FlaskClient, session: Session, rejected: Signature, box: str, step: str
) -> None:
    address = f"{box}/{rejected.public_id}/{step}"
    for answer in (client.get(address), client.post(address, data={"own_words": "Corrected."})):
        assert answer.status_code == 409
        assert "We have read this letter, and we cannot print it." in answer.text
        assert "already withdrawn" not in answer.text
    assert "Corrected." in answer.text
    assert reload(session, rejected).state is SignatureState.REJECTED


def test_the_link_shows_what_was_decided(client: FlaskClient, rejected: Signature) -> None:
    answer = client.get(f"/en/letter/token-{rejected.id}")
    assert answer.status_code == 410
    assert "<h1>We cannot print this letter</h1>" in answer.text
    assert "We have read it. We will not count or deliver it." in answer.text


def test_who_signs_again_is_told_that_it_was_rejected_and_not_that_it_counts(
    client: FlaskClient,
    session: Session,
    settings: Settings,
    campaign: Campaign,
    rejected: Signature,
) -> None:
    typed = FORM | {"given_name": "Ana", "family_name": "Plantada", "email": ANA}
    assert client.post(f"/en/actions/{campaign.slug}/sign", data=typed).status_code == 303
    session.rollback()
    row = session.scalars(select(OutboxMail).where(OutboxMail.kind == "already-signed")).one()
    mail = render(row, settings)
    assert "Not saved: your letter" in mail["Subject"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    text = " ".join(plain.get_content().split())
    assert "and we cannot print it. We did not save the new one." in text
    assert FORM["own_words"] in text
    for false in ("counts once", "change it"):
        assert false not in text
