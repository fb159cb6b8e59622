"""Facts by which letters name a campaign and the person: who changes them reads how many do."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.campaigns.content import revisions
from campaign.models.revision import Part
from campaign.models.staff import Role
from tests.days import days_ago
from tests.factories import add_confirmed, make_campaign, post, sign_in
from tests.integration.campaigns.test_pages import FACTS

pytestmark = pytest.mark.one_engine


def test_whoever_renames_the_person_reads_how_many_signed_letters_say_it(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session, act_by=days_ago(-30))
    session.commit()
    facts = FACTS | {"reference": campaign.reference, "timezone": campaign.timezone}
    home = f"/desk/campaigns/{campaign.slug}"
    warned = "confirmed letters that are not in a bundle now say this too"
    sign_in(client, app, Role.ADMIN)

    def save(**changed: str) -> str:
        facts.update(changed)
        return post(client, f"{home}/facts", facts, follow_redirects=True).text

    assert warned not in save(person_name="Nobody Yet")
    add_confirmed(session, campaign, 2)
    session.commit()
    assert f"2 {warned}" in save(person_name="Another Person")
    assert warned not in save(index_number="AMR 1/2")
    session.rollback()
    newest = revisions.newest_number(session, campaign, Part.FACTS, "")
    seen = {"seen": f"{newest}"}
    old = post(client, f"{home}/history/facts/-/1", seen, follow_redirects=True)
    assert f"2 {warned}" in old.text
