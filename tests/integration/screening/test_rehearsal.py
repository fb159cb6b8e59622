"""Letters to review in a rehearsal: marked in the queue, read by the team, mailed to nobody."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from campaign.demo import synthesis
from campaign.mail.messages import OutboxMail
from campaign.models.campaign import Campaign, CampaignStatus
from campaign.models.signature import Signature, SignatureState
from campaign.models.staff import Role
from campaign.signing.checks.screening_rules import ScreeningRules
from tests.factories import make_campaign, post, sign_in
from tests.integration.screening.conftest import Write, read_seen, set_rules, the_signature
from tests.integration.screening.test_queue import QUEUE, decide


def test_letters_of_a_rehearsal_say_so_and_mail_nobody(
    app: Flask, staff: FlaskClient, session: Session, campaign: Campaign
) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    draft.screening = ScreeningRules(first=3).stored
    session.commit()
    with app.app_context():
        synthesis.rehearse(draft.id, 3)
    page = staff.get(QUEUE).text
    assert "This letter is invented." in page
    assert "If you send the letter back, we email" not in page
    assert page.count(f"{draft.reference} · <span") == 3
    assert f"{draft.reference} (Rehearsal)" in page
    held = session.scalars(select(Signature).where(Signature.campaign_id == draft.id)).first()
    assert held is not None
    mails = session.scalar(select(func.count()).select_from(OutboxMail))
    session.rollback()
    assert "1 letter sent back" in decide(staff, held, "return", "Shorter.").text
    assert session.scalar(select(func.count()).select_from(OutboxMail)) == mails


def test_a_rehearsal_holds_its_first_letters_and_no_others_and_decides_about_none_again(
    app: Flask, staff: FlaskClient, session: Session
) -> None:
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    draft.screening = ScreeningRules(first=2).stored
    session.commit()

    def states() -> list[SignatureState]:
        session.rollback()
        mine = select(Signature.state).where(Signature.campaign_id == draft.id)
        return list(session.scalars(mine.order_by(Signature.id)))

    held, taken = SignatureState.HELD, SignatureState.CONFIRMED
    with app.app_context():
        synthesis.rehearse(draft.id, 5)
    assert states() == [held, held, taken, taken, taken]
    first = session.scalars(
        select(Signature).where(Signature.campaign_id == draft.id).order_by(Signature.id)
    ).first()
    assert first is not None
    session.rollback()
    assert "1 letter approved" in decide(staff, first, "approve").text
    with app.app_context():
        synthesis.rehearse(draft.id, 2)
    assert states() == [taken, held, *[taken] * 5]


@pytest.mark.both_engines
def test_the_team_looks_at_the_letters_of_its_own_rehearsal_and_at_no_others(
    app: Flask, client: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=1)
    write("A real person wrote this.")
    real = the_signature(session)
    draft = make_campaign(session, status=CampaignStatus.DRAFT, opened_at=None)
    draft.screening = ScreeningRules(first=2).stored
    session.commit()
    slug = draft.slug
    with app.app_context():
        synthesis.rehearse(draft.id, 3)
    sign_in(client, app, Role.ORGANIZER)
    url = f"/desk/campaigns/{slug}/rehearsal/held"
    page = client.get(url).text
    assert "2 letters to review" in page
    assert "Nothing here is counted, sent or delivered" in page
    assert f"{url}" in client.get(f"/desk/campaigns/{slug}/rehearsal").text
    first = page.split(f'action="{url}/')[1].split('"')[0]
    refused = post(client, f"{url}/{first}", {"decision": "reject"}, follow_redirects=True)
    assert "Enter a reason" in refused.text
    approve = {"decision": "approve"}
    assert post(client, f"{url}/{first}", approve).status_code == 409
    assert "2 letters to review" in client.get(url).text
    approve["seen"] = read_seen(page)[0]
    for _ in range(2):
        approved = post(client, f"{url}/{first}", approve, follow_redirects=True).text
    assert "Noor Haddad approved this letter on" in approved
    assert "1 letter to review" in client.get(url).text
    assert post(client, f"{url}/{first}", {"decision": "burn"}).status_code == 404
    # A real letter is out of reach: under its own campaign, and under the rehearsal.
    theirs = f"/desk/campaigns/{campaign.slug}/rehearsal/held"
    assert client.get(theirs).location == f"/desk/campaigns/{campaign.slug}/rehearsal"
    assert post(client, f"{theirs}/{real.public_id}", {"decision": "approve"}).status_code == 409
    real_one = post(client, f"{url}/{real.public_id}", {"decision": "approve"})
    assert (real_one.status_code, "Tremblay" in real_one.text) == (409, False)
    assert the_signature(session).campaign_id == draft.id
    session.refresh(real)
    assert real.state is SignatureState.HELD


def test_letters_of_an_open_campaign_do_not(
    staff: FlaskClient, session: Session, campaign: Campaign, write: Write
) -> None:
    set_rules(session, campaign, first=2)
    write("One.")
    write("Two.")
    assert "Rehearsal" not in staff.get(QUEUE).text
