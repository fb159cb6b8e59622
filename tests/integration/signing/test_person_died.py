"""Of somebody who has died, pages and emails say "about", in each language in its own way."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from campaign.core import clock
from campaign.models.staff import Role
from campaign.public.case_page import case_page
from campaign.public.share_links import calendar_words
from campaign.signing.form.preview_samples import KINDS, sample_mail
from tests.factories import make_campaign, post, sign_in
from tests.integration.campaigns.test_pages import FACTS, fresh

FOR_AND_ABOUT = {
    "en": ("for Amara", "about Amara"),
    "fr": ("pour Amara", "concernant Amara"),
    "ar": ("من أجل", "بشأن"),
}


@pytest.mark.both_engines
@pytest.mark.parametrize("locale", FOR_AND_ABOUT)
def test_no_email_asks_to_act_for_the_dead(session: Session, app: Flask, locale: str) -> None:
    campaign = make_campaign(session, person_died=True)
    session.commit()
    for_person, about_person = FOR_AND_ABOUT[locale]
    told = 0
    with app.test_request_context():
        for kind in KINDS:
            mail = sample_mail(kind, campaign, locale, clock.utcnow())
            for part in (mail.subject, mail.text, mail.html):
                assert for_person not in part, (kind, part)
                told += about_person in part
    assert told >= len(KINDS)


def test_pages_and_the_calendar_say_about(
    session: Session, app: Flask, client: FlaskClient
) -> None:
    campaign = make_campaign(session, person_died=True, reference="UA 9/26", slug="ua-9-26")
    session.commit()
    page = client.get("/en/actions/ua-9-26/write").text
    assert "Your letter about Amara Okafor" in page
    assert "Your letter for" not in page
    assert "Votre lettre – Amara Okafor" in client.get("/fr/actions/ua-9-26/write").text
    with app.test_request_context("/en/"):
        case = case_page(campaign, "en", count=0, now=clock.utcnow())
        assert calendar_words(case)[0] == "Last day to write about Amara Okafor"


def test_organizers_choose_it_among_the_facts(
    session: Session, app: Flask, client: FlaskClient
) -> None:
    campaign = make_campaign(session)
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    address = f"/desk/campaigns/{campaign.slug}/facts"
    assert "This person has died" in client.get(address).text
    fields = FACTS | {"reference": campaign.reference, "person_died": "y"}
    assert post(client, address, fields).status_code == 303
    assert fresh(session, campaign).person_died
    assert post(client, address, {**fields, "person_died": ""}).status_code == 303
    assert not fresh(session, campaign).person_died
