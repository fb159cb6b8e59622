"""Who changes how signed letters address their official is told how many."""

import html
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core.clock import utcnow
from campaign.core.settings import Settings
from campaign.models.campaign import Campaign, CampaignStatus, Target, TargetKind
from campaign.models.directory import Official
from campaign.models.signature import SignatureState
from campaign.models.staff import Role
from tests.factories import (
    add_confirmed,
    freeze_waiting,
    make_campaign,
    make_target_official,
    post,
    sign_in,
)
from tests.integration.directory.test_import_pages import rehearsed, work
from tests.integration.signing.test_steps import Fields
from tests.ticks import tick

PAGE = "/desk/officials/governor-1"
TOLD = (
    "This changes how %s signed letters that are not in a bundle yet name or address the official."
)


@pytest.fixture
def campaign(app: Flask, client: FlaskClient, session: Session, settings: Settings) -> Campaign:
    """Two confirmed letters in English and one that waits; others do not follow a change."""
    signed = make_campaign(session)
    printed = add_confirmed(session, signed, 1, letter_locale="en")
    assert printed
    freeze_waiting(session, signed, settings=settings, locale="en", actor="command")
    add_confirmed(session, signed, 2, letter_locale="en")
    add_confirmed(session, signed, 1, letter_locale="en", state=SignatureState.PENDING)
    add_confirmed(session, signed, 1, letter_locale="en", state=SignatureState.WITHDRAWN)
    add_confirmed(session, signed, 1, letter_locale="fr")
    stopped = make_campaign(
        session,
        status=CampaignStatus.STOPPED,
        targets=[Target(official=signed.targets[0].official, kind=TargetKind.TO)],
    )
    add_confirmed(session, stopped, 1, letter_locale="en")
    second = {"en": "Mayor:", "fr": "Madame la Gouverneure,"}
    session.add(make_target_official(2, name="Ana Pérez", salutation=second))
    session.commit()
    sign_in(client, app, Role.ORGANIZER)
    return signed


def greeting_of(session: Session, slug: str = "governor-1") -> str:
    session.rollback()
    official = session.scalars(select(Official).where(Official.slug == slug)).one()
    session.expire(official)
    return official.salutation["en"]


@pytest.mark.usefixtures("campaign")
def test_the_page_says_how_many_and_asks_before_it_saves(
    client: FlaskClient, session: Session
) -> None:
    form = Fields(client.get(PAGE).text).with_answers()
    before = greeting_of(session)
    harmless = {"hours": "", "locality": "Elsewhere", "salutation_ar": "تحية طيبة وبعد،"}
    assert post(client, PAGE, form | harmless).status_code == 303
    form = Fields(client.get(PAGE).text).with_answers() | {"salutation_en": "You torturer,"}
    asked = post(client, PAGE, form)
    assert asked.status_code == 422
    assert TOLD % 3 in asked.text
    assert 'value="You torturer,"' in asked.text
    assert greeting_of(session) == before
    again = Fields(asked.text).with_answers() | tick(asked)
    other = again | {"salutation_en": "You liar,"}
    assert post(client, PAGE, other).status_code == 422, "of these words nobody was asked"
    session.rollback()
    assert post(client, PAGE, again).status_code == 303
    assert greeting_of(session) == "You torturer,"


@pytest.mark.usefixtures("campaign")
@pytest.mark.parametrize(
    ("field", "words", "letters"), [("name", "Ana Pérez", 4), ("office_en", "Mayor", 3)]
)
def test_a_new_name_or_office_is_asked_about_too(
    client: FlaskClient, field: str, words: str, letters: int
) -> None:
    form = Fields(client.get(PAGE).text).with_answers()
    asked = post(client, PAGE, form | {field: words})
    assert asked.status_code == 422
    assert TOLD % letters in asked.text
    again = Fields(asked.text).with_answers() | tick(asked)
    assert post(client, PAGE, again).status_code == 303


@pytest.mark.usefixtures("campaign")
def test_a_merge_says_it_too(client: FlaskClient, session: Session) -> None:
    pair = {"first": "governor-2", "second": "governor-1"}
    url = "/desk/officials/merge"
    asked = post(client, url, pair)
    assert TOLD % 4 in asked.text, "all have another name"
    session.rollback()
    assert post(client, url, pair | tick(asked)).status_code == 303


@pytest.mark.usefixtures("campaign")
def test_the_preview_of_an_import_says_it(client: FlaskClient, session: Session) -> None:
    exported = client.get("/desk/officials/export.csv").text
    text = exported.replace("Dear Governor,", "Sir:")
    where = rehearsed(client, session, text, "officials", replace="y")
    assert TOLD % 3 in html.unescape(client.get(where).text)


def test_an_import_shows_letters_that_its_preview_did_not_announce(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    official = session.scalars(select(Official).where(Official.slug == "governor-2")).one()
    campaign.targets.append(Target(official=official, kind=TargetKind.TO))
    session.commit()
    text = client.get("/desk/officials/export.csv").text.replace("Mayor:", "Sir:")
    where = rehearsed(client, session, text, "officials", replace="y")
    assert "signed letter" not in client.get(where).text
    for number, greeting in ((2, "Mayor:"), (1, "Sir:")):
        add_confirmed(session, campaign, number, letter_locale="en")
        session.commit()
        post(client, f"{where}/apply")
        work(client, session, "officials.apply-import")
        assert greeting_of(session, "governor-2") == greeting, "asked once for an official"
        page = html.unescape(client.get(where).text)
        assert ("The file would now change signed letters" in page) == (number == 2)
        assert (TOLD % 2 in page) == (number == 2)


@pytest.mark.usefixtures("campaign")
def test_an_import_of_missions_counts_no_letters(client: FlaskClient, session: Session) -> None:
    """The mission has the number of the official to whom they are."""
    text = client.get("/desk/missions/export.csv").text.replace("of the Republic", "of Altamar")
    where = rehearsed(client, session, text, "missions", replace="y")
    page = client.get(where).text
    assert "Embassy of Altamar" in page
    assert "signed letter" not in page


@pytest.mark.both_engines
@pytest.mark.usefixtures("campaign")
def test_an_undo_of_an_import_asks_too(client: FlaskClient, session: Session) -> None:
    before = greeting_of(session)
    exported = client.get("/desk/officials/export.csv").text
    text = exported.replace("Dear Governor,", "Sir:")
    where = rehearsed(client, session, text, "officials", replace="y")
    post(client, f"{where}/apply")
    work(client, session, "officials.apply-import")
    assert greeting_of(session) == "Sir:"
    asked = post(client, f"{where}/undo", follow_redirects=True)
    assert TOLD % 3 in asked.text
    assert greeting_of(session) == "Sir:", "asked first"
    post(client, f"{where}/undo", tick(asked))
    assert greeting_of(session) == before
    assert "Import undone" in client.get(where).text


@pytest.mark.usefixtures("campaign")
def test_an_office_passed_to_whom_people_have_written_asks_too(
    client: FlaskClient, session: Session
) -> None:
    leaving = session.scalars(select(Official).where(Official.slug == "governor-2")).one()
    leaving.office = {"en": "Mayor"}
    leaving.salutation, leaving.close = {}, {}
    session.commit()
    url = "/desk/officials/governor-2/successor"
    chosen = {"successor": "governor-1", "on": "2026-11-01"}
    asked = post(client, f"{url}/known", chosen, follow_redirects=True)
    assert TOLD % 4 in asked.text, "in French there is no word for it"
    told = post(client, f"{url}/known", chosen | tick(asked), follow_redirects=True).text
    assert "now holds the office." in told


@pytest.mark.both_engines
def test_a_copy_of_another_name_is_asked_about_in_letters_that_name_it(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    copied = session.scalars(select(Official).where(Official.slug == "governor-2")).one()
    campaign.targets.append(Target(official=copied, kind=TargetKind.COPY))
    session.commit()
    page = "/desk/officials/governor-2"
    form = Fields(client.get(page).text).with_answers()
    assert post(client, page, form | {"salutation_en": "Dear Mayor,"}).status_code == 303
    form = Fields(client.get(page).text).with_answers()
    asked = post(client, page, form | {"name": "Otto Pérez"})
    assert asked.status_code == 422
    assert TOLD % 4 in asked.text
    session.rollback()
    assert post(client, page, form | {"name": "Otto Pérez"} | tick(asked)).status_code == 303


def test_a_copy_that_came_late_is_named_in_later_letters_alone(
    client: FlaskClient, session: Session, campaign: Campaign
) -> None:
    copied = session.scalars(select(Official).where(Official.slug == "governor-2")).one()
    late = Target(official=copied, kind=TargetKind.COPY, copied_since=utcnow() + timedelta(days=3))
    campaign.targets.append(late)
    session.commit()
    page = "/desk/officials/governor-2"
    form = Fields(client.get(page).text).with_answers()
    assert post(client, page, form | {"name": "Otto Pérez"}).status_code == 303
