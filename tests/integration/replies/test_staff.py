"""Staff log answers to what they carried: nothing else is theirs, and nothing is published."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from campaign.models.campaign import Campaign, CampaignStatus, Update
from campaign.models.reply import Reply, ReplyState
from campaign.models.staff import Role
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.bundles.conftest import Freeze, freeze
from tests.integration.replies.test_replies import make_reply

__all__ = ["freeze"]

TYPED = {
    "received_on": "2026-11-02",
    "channel": "letter",
    "language": "es",
    "who": "",
    "text": "Tomamos nota.",
    "title_en": "An answer",
}


@pytest.fixture
def carried(session: Session, freeze: Freeze) -> Campaign:
    """A campaign of which letters were printed to be carried."""
    campaign = make_campaign(session)
    add_confirmed(session, campaign, 1)
    campaign_id = campaign.id
    session.commit()
    freeze(campaign_id)
    return campaign


@pytest.fixture
def staff(client: FlaskClient, app: Flask, carried: Campaign) -> FlaskClient:
    """A browser in which somebody of the staff is signed in."""
    sign_in(client, app, Role.STAFF)
    return client


def new(campaign: Campaign) -> str:
    return f"/desk/replies/campaigns/{campaign.slug}/new"


@pytest.mark.both_engines
def test_what_staff_type_is_kept_for_its_writer_alone(
    app: Flask, staff: FlaskClient, session: Session, carried: Campaign
) -> None:
    address = new(carried)
    session.rollback()
    page = staff.get(address).text
    assert f'data-autosave="{address}/draft"' in page
    assert 'type="file"' in page
    assert post(staff, f"{address}/draft", {"text": "Tomamos", "draft_tab": "a"}).status_code == 204
    assert "Tomamos" in staff.get(f"{address}?draft=1").text
    colleague = app.test_client()
    sign_in(colleague, app, Role.STAFF)
    assert "Tomamos" not in colleague.get(f"{address}?draft=1").text
    assert post(staff, address, TYPED | {"draft_tab": "a"}).status_code == 303
    assert "Tomamos" not in staff.get(f"{address}?draft=1").text, "it is logged"


@pytest.mark.parametrize("why", ["nobody carried it", "it is rehearsed"])
def test_there_is_no_form_for_what_staff_do_not_carry(
    staff: FlaskClient, session: Session, carried: Campaign, why: str
) -> None:
    campaign = carried
    if why == "nobody carried it":
        campaign = make_campaign(session)
    else:
        session.execute(update(Campaign).values(status=CampaignStatus.REVIEW))
    address = new(campaign)
    session.commit()
    for send in (staff.get(address), post(staff, address, TYPED), post(staff, f"{address}/draft")):
        assert send.status_code == 404
    assert address not in staff.get("/desk/replies/").text
    assert session.scalar(select(func.count(Reply.id))) == 0


def test_staff_publish_neither_their_own_nor_anybodys(
    staff: FlaskClient, session: Session, carried: Campaign
) -> None:
    others = make_reply(session, carried).public_id
    address = new(carried)
    session.commit()
    own = post(staff, address, TYPED).location
    page = staff.get(own).text
    assert f"{own}/publish" not in page
    assert 'value="publish"' not in page
    for then in ("publish", "bars"):
        answer = post(staff, own, {**TYPED, "text": f"By {then}.", "then": then})
        assert (answer.status_code, answer.location) == (303, own), "it is kept as a draft"
        assert f"By {then}." in staff.get(own).text
    for reply in (own, f"/desk/replies/{others}"):
        assert post(staff, f"{reply}/publish", {"checked": "y"}).status_code == 404
    assert staff.get(f"/desk/replies/{others}").status_code == 404
    assert post(staff, f"/desk/replies/{others}/delete").status_code == 404
    session.rollback()
    assert set(session.scalars(select(Reply.state))) == {ReplyState.DRAFT}
    assert session.scalar(select(func.count(Update.id))) == 0
