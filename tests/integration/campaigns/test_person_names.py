"""A group is called in each language by its own words: pages, emails, letters, papers."""

from datetime import date

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.orm import Session

from campaign.models.staff import Role
from campaign.signing.letter.compose import Case, case_of
from campaign.signing.mails import case_facts
from tests.factories import make_campaign, sign_in

MOTHERS = {"en": "the mothers of the disappeared", "es": "las madres buscadoras"}


def test_pages_emails_and_letters_say_the_name_of_their_language(
    session: Session, client: FlaskClient
) -> None:
    campaign = make_campaign(session, person_name=MOTHERS["en"])
    campaign.editions[2].person_name = MOTHERS["es"]
    session.commit()
    expected = {"en": MOTHERS["en"], "fr": MOTHERS["en"], "es": MOTHERS["es"]}
    for locale, name in expected.items():
        for step in ("write", "sent"):
            page = client.get(f"/{locale}/actions/{campaign.slug}/{step}").text
            assert name in page
            assert ({*MOTHERS.values()} - {name}).pop() not in page
        assert case_facts(campaign, locale)["person_name"] == name
        assert case_of(campaign).name_in(locale) == name


def test_a_bundle_frozen_before_there_were_names_by_language_is_read() -> None:
    frozen = {"reference": "UA 1/26", "person_name": "Amara", "country": "MX", "act_by": None}
    assert Case.from_json(frozen).name_in("es") == "Amara"
    assert Case.from_json(frozen | {"act_by": "2026-12-01"}).act_by == date(2026, 12, 1)


def test_lists_name_each_person_in_the_language_of_the_reader_and_ask_once(
    app: Flask, client: FlaskClient, session: Session
) -> None:
    for number in (1, 2, 3):
        campaign = make_campaign(session, reference=f"UA {number}/26", slug=f"ua-{number}-26")
        campaign.person_name = "the mothers"
        for edition in campaign.editions:
            edition.person_name = "les mères" if edition.locale == "fr" else ""
    session.commit()
    asked: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_: object) -> None:
        if "edition.person_name" in statement:
            asked.append(statement)

    for locale, named, other in (("fr", "les mères", "the mothers"), ("es", "the mothers", "les")):
        sign_in(client, app, Role.ADMIN, locale=locale)
        asked.clear()
        engine = app.extensions["database"].engine
        event.listen(engine, "before_cursor_execute", note)
        page = client.get("/desk/campaigns/").text
        event.remove(engine, "before_cursor_execute", note)
        table = page.partition("<tbody>")[2].partition("</tbody>")[0]
        assert table.count(named) == 3
        assert other not in table
        assert len(asked) == 1, "once for all"
