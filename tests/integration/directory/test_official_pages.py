"""Officials on the desk."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from campaign.core import db
from campaign.core.audit import AuditEntry
from campaign.directory.edit_entries import create_entry
from campaign.directory.entry_fields import Contact, MissionDraft, OfficialDraft
from campaign.models.campaign import CampaignStatus
from campaign.models.directory import Mission, MissionKind, Official
from campaign.models.staff import Role
from tests.factories import make_campaign, make_target_official, post, sign_in
from tests.races import overtake

FORM: dict[str, Any] = {
    "name": "Her Excellency Ines Quintero Vidal",
    "given_name": "Ines",
    "family_name": "Quintero Vidal",
    "country": "MX",
    "preferred_locale": "es",
    "office_en": "Governor of Altamar",
    "office_es": "Gobernadora de Altamar",
    "salutation_en": "Excellency:",
    "close_en": "Yours sincerely,",
    "address": "Plaza Principal 1\nCentro",
    "locality": "Mérida",
    "region": "Yucatán",
    "postal_code": "97000",
    "contact_1_type": "email",
    "contact_1_value": "mailto:office@example.org",
    "contact_1_from": "2026-01-01",
    "contact_2_type": "voice",
    "contact_2_value": "",
}
ADDRESS = "/desk/officials/her-excellency-ines-quintero-vidal"


@pytest.fixture
def organizer(app: Flask, client: FlaskClient) -> FlaskClient:
    sign_in(client, app, Role.ORGANIZER)
    return client


def kept(session: Session) -> Official | None:
    session.rollback()
    return session.scalar(select(Official))


def test_an_organizer_adds_an_official_and_sees_the_address_as_printed(
    organizer: FlaskClient, session: Session
) -> None:
    response = post(organizer, "/desk/officials/new", FORM)
    assert response.status_code == 303
    assert response.headers["Location"] == ADDRESS
    official = kept(session)
    assert official is not None
    assert official.office == {"en": "Governor of Altamar", "es": "Gobernadora de Altamar"}
    assert official.address == ["Plaza Principal 1", "Centro"]
    (contact,) = official.contacts
    assert (contact.type, contact.value) == ("email", "office@example.org")
    assert str(contact.valid_from) == "2026-01-01"
    page = organizer.get(ADDRESS).get_data(as_text=True)
    assert (
        "<bdi>Gobernadora de Altamar</bdi><br><bdi>Plaza Principal\xa01</bdi><br><bdi>Centro</bdi>"
        "<br><bdi>97000\xa0Mérida, Yucatán</bdi>" in page
    )
    written = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
    entries = [(entry.action, entry.subject) for entry in written]
    assert ("officials.create", f"official:{official.public_id}") in entries


def test_an_edit_keeps_the_slug_and_names_the_changed_fields(
    organizer: FlaskClient, session: Session
) -> None:
    post(organizer, "/desk/officials/new", FORM)
    changes = {"name": "Ines Quintero", "office_es": "", "contact_1_value": ""}
    assert post(organizer, ADDRESS, FORM | changes).status_code == 303
    official = kept(session)
    assert official is not None
    assert official.slug == "her-excellency-ines-quintero-vidal"
    assert (official.name, official.office) == ("Ines Quintero", {"en": "Governor of Altamar"})
    assert official.contacts == []
    entry = session.scalar(select(AuditEntry).where(AuditEntry.action == "officials.edit"))
    assert entry is not None
    assert entry.detail == {"fields": ["contacts", "name", "office"]}


def test_saving_what_is_there_changes_nothing(organizer: FlaskClient, session: Session) -> None:
    post(organizer, "/desk/officials/new", FORM)
    assert post(organizer, ADDRESS, FORM).status_code == 303
    session.rollback()
    assert session.scalar(select(AuditEntry).where(AuditEntry.action == "officials.edit")) is None


def test_an_office_alone_is_enough_and_words_of_other_languages_stay(
    organizer: FlaskClient, session: Session
) -> None:
    session.add(
        make_target_official(1, slug="office", office={"en": "Governor", "uk": "Губернатор"})
    )
    session.commit()
    assert post(organizer, "/desk/officials/office", FORM | {"name": ""}).status_code == 303
    official = kept(session)
    assert official is not None
    assert official.office["uk"] == "Губернатор"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("country", "", "Choose the country"),
        ("country", "ZZ", "Choose one of the answers offered"),
        ("postal_code", "K1A", "This postal code does not match the country."),
        ("contact_1_value", "not an address", "This is incomplete"),
        ("contact_1_from", "yesterday", "Enter the date as year, month and day"),
        ("contact_1_from", "2027-04-31", "There is no 31 April 2027."),
        ("contact_1_until", "2025-12-31", "The last day is before the first."),
        ("name", "x" * 201, "Shorten this to 200 characters."),
        ("name", "In\u202ees", "This has hidden characters."),
        ("address", "1\n2\n3\n4\n5\n6\n7", "Use at most six lines"),
    ],
)
def test_bad_input_is_told_by_its_field_and_what_was_typed_stays(
    organizer: FlaskClient, session: Session, field: str, value: str, message: str
) -> None:
    response = post(organizer, "/desk/officials/new", FORM | {field: value})
    page = response.get_data(as_text=True)
    assert response.status_code == 422
    assert message in page
    assert "Gobernadora de Altamar" in page
    assert kept(session) is None


def test_neither_name_nor_office_is_too_little(organizer: FlaskClient, session: Session) -> None:
    nobody = FORM | {"name": "", "office_en": "", "office_es": ""}
    response = post(organizer, "/desk/officials/new", nobody)
    assert response.status_code == 422
    assert "Enter a name, or the office" in response.get_data(as_text=True)
    assert kept(session) is None


def test_a_doubtful_address_is_saved_with_a_warning(organizer: FlaskClient) -> None:
    assert post(organizer, "/desk/officials/new", FORM | {"region": "Altamar"}).status_code == 303
    assert "does not list this region" in organizer.get(ADDRESS).get_data(as_text=True)


def test_markup_in_a_name_stays_text(organizer: FlaskClient) -> None:
    name = "<script>alert(1)</script>"
    there = post(organizer, "/desk/officials/new", FORM | {"name": name}).headers["Location"]
    for address in (there, "/desk/officials"):
        page = organizer.get(address).get_data(as_text=True)
        assert name not in page
        assert "&lt;script&gt;alert(1)" in page


@pytest.mark.both_engines
def test_the_list_is_searched_filtered_and_sorted_by_its_address(
    organizer: FlaskClient, session: Session
) -> None:
    session.add(make_target_official(1, slug="a", name="Ana Pérez", office={"en": "Fiscalía"}))
    session.add(make_target_official(2, slug="b-otieno", name="Ben Otieno", country="KE"))
    session.commit()

    def listed(query: str) -> list[str]:
        page = organizer.get(f"/desk/officials{query}").get_data(as_text=True)
        return [name for name in ("Ana Pérez", "Ben Otieno") if name in page]

    assert listed("") == ["Ana Pérez", "Ben Otieno"]
    assert listed("?q=p%C3%A9rez") == ["Ana Pérez"]
    assert listed("?q=Fiscal%C3%ADa") == ["Ana Pérez"]
    assert listed("?q=OTIENO") == ["Ben Otieno"]
    assert listed("?country=KE") == ["Ben Otieno"]
    assert listed("?q=%25") == []
    assert listed("?sort=country&page=99") == ["Ana Pérez", "Ben Otieno"]
    assert listed("?page=x&sort=nonsense") == ["Ana Pérez", "Ben Otieno"]


def test_an_unused_official_is_deleted_after_being_asked(
    organizer: FlaskClient, session: Session
) -> None:
    post(organizer, "/desk/officials/new", FORM)
    assert "You cannot undo this." in organizer.get(f"{ADDRESS}/delete").get_data(as_text=True)
    assert kept(session) is not None, "asking deletes nothing"
    session.rollback()
    assert post(organizer, f"{ADDRESS}/delete").status_code == 303
    assert kept(session) is None


def test_a_used_official_is_not_deleted_and_the_page_says_where_it_is_used(
    organizer: FlaskClient, session: Session
) -> None:
    make_campaign(session)
    session.commit()
    response = post(organizer, "/desk/officials/governor-1/delete")
    assert response.status_code == 409
    assert "UA 1/26" in response.get_data(as_text=True)
    assert kept(session) is not None


@pytest.mark.parametrize(
    "address", ["/desk/officials", "/desk/officials/new", "/desk/officials/a/delete"]
)
def test_staff_without_the_role_find_nothing_and_strangers_are_sent_to_sign_in(
    app: Flask, client: FlaskClient, address: str
) -> None:
    assert client.get(address).status_code == 302
    sign_in(client, app, Role.STAFF)
    assert client.get(address).status_code == 404


def test_an_admin_may_too(app: Flask, client: FlaskClient) -> None:
    sign_in(client, app, Role.ADMIN)
    assert client.get("/desk/officials").status_code == 200


def test_an_unknown_slug_and_a_wrong_verb_are_refused(organizer: FlaskClient) -> None:
    assert organizer.get("/desk/officials/nobody").status_code == 404
    assert post(organizer, "/desk/officials/nobody/delete").status_code == 404
    assert post(organizer, "/desk/officials").status_code == 405


def test_a_form_without_its_token_is_refused(organizer: FlaskClient, session: Session) -> None:
    assert organizer.post("/desk/officials/new", data=FORM).status_code == 400
    assert kept(session) is None


@pytest.mark.both_engines
@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        (CampaignStatus.OPEN, "close the campaign first"),
        (CampaignStatus.SCHEDULED, "cancel the opening of the campaign first"),
    ],
)
def test_a_form_of_address_that_letters_need_cannot_be_emptied(
    organizer: FlaskClient, session: Session, status: CampaignStatus, way_out: str
) -> None:
    campaign = make_campaign(session, status=status)
    session.commit()
    official = campaign.targets[0].official
    kept_words = dict(official.salutation)
    form = FORM | {"salutation_en": "", "salutation_fr": "Monsieur,", "close_fr": "Salutations,"}
    response = post(organizer, f"/desk/officials/{official.slug}", form)
    assert response.status_code == 422
    needed = f"Letters of {campaign.reference} in this language need this text."
    assert f"{needed} Enter a text here, or {way_out}." in response.text
    session.rollback()
    session.refresh(official)
    assert official.salutation == kept_words


def test_a_changed_official_is_on_the_public_page_at_once(
    organizer: FlaskClient, session: Session
) -> None:
    campaign = make_campaign(session)
    session.commit()
    official = campaign.targets[0].official
    page = f"/en/actions/{campaign.slug}"
    assert "Inés Otra Persona" not in organizer.get(page).text
    words = {
        f"{kind}_{code}": "Words,"
        for kind in ("salutation", "close")
        for code in ("en", "fr", "es")
    }
    response = post(
        organizer, f"/desk/officials/{official.slug}", FORM | words | {"name": "Inés Otra Persona"}
    )
    assert response.status_code == 303
    assert "Inés Otra Persona" in organizer.get(page).text


@pytest.mark.both_engines
def test_two_namesakes_at_once_get_an_address_each(app: Flask) -> None:
    reach = (Contact("email", "office@example.org"),)
    office = OfficialDraft(name="Ines Quintero", country="MX", contacts=reach)
    embassy = MissionDraft(
        kind=MissionKind.EMBASSY, sending_country="MX", host_country="CA", locality="Ottawa"
    )

    def create(session: Session, _seen: object = None) -> None:
        create_entry(session, Official(), draft=office, actor="staff:1")
        create_entry(session, Mission(source_id=""), draft=embassy, actor="staff:1")

    overtake(app, create, lambda session: session.scalar(select(Official.id)), create)
    with app.app_context(), db.reading() as session:
        slugs = sorted(session.scalars(select(Official.slug)))
        assert slugs == ["ines-quintero", "ines-quintero-2"]
        assert sorted(session.scalars(select(Mission.slug))) == ["mexico-ottawa", "mexico-ottawa-2"]
        assert [len(official.contacts) for official in session.scalars(select(Official))] == [1, 1]
