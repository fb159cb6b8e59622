"""Slugs, names of countries, contact details, and the mission that is suggested."""

from datetime import date

import pytest

from campaign.core.text.desk_texts import free_slug, has_forbidden_characters, slugify
from campaign.directory.contacts import clean_value, split_values
from campaign.directory.countries import country_code, english_name
from campaign.directory.entry_fields import MissionDraft
from campaign.directory.missions import best_mission, is_stale, mission_slug
from campaign.models.directory import Mission, MissionKind


def test_slugs_are_plain_letters() -> None:
    assert slugify("Fiscalía General de la República") == "fiscalia-general-de-la-republica"
    assert slugify("Côte d’Ivoire", "Łódź") == "cote-divoire-lodz"
    assert slugify("検事総長") == "x"
    assert len(slugify("long " * 100)) <= 80


def test_a_taken_slug_gets_the_first_free_number_and_new_is_never_given() -> None:
    assert free_slug("mexico-ottawa", set()) == "mexico-ottawa"
    assert free_slug("mexico-ottawa", {"mexico-ottawa", "mexico-ottawa-2"}) == "mexico-ottawa-3"
    assert free_slug("new", set()) == "new-2"


@pytest.mark.parametrize(
    ("kind", "city", "slug"),
    [
        (MissionKind.EMBASSY, "Ottawa", "mexico-ottawa"),
        (MissionKind.EMBASSY, "", "mexico-canada"),
        (MissionKind.CONSULATE, "Toronto", "mexico-toronto-consulate"),
    ],
)
def test_the_slug_of_a_mission_is_country_and_city(kind: MissionKind, city: str, slug: str) -> None:
    draft = MissionDraft(kind=kind, sending_country="MX", host_country="CA", locality=city)
    assert mission_slug(draft) == slug


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("Mexico", "MX"),
        ("mx", "MX"),
        ("United States of America", "US"),
        ("The Gambia", "GM"),
        ("Bosnia and Herzegovina", "BA"),
        ("Ivory Coast", "CI"),
        ("Turkey", "TR"),
        ("Türkiye", "TR"),
        ("St. Lucia", "LC"),
        ("Saint Vincent and the Grenadines", "VC"),
        ("East Timor", "TL"),
        ("Korea, Republic of (South Korea)", "KR"),
        ("Vatican", "VA"),
        ("People's Republic of China", "CN"),
        ("Mexique", "MX"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries_are_known_by_the_names_that_files_use(name: str, code: str | None) -> None:
    assert country_code(name, "fr") == code


def test_names_of_countries_fit_into_an_english_sentence() -> None:
    assert english_name("MX") == "Mexico"
    assert english_name("US") == "the United States"
    assert english_name("") == ""


@pytest.mark.parametrize(
    ("kind", "typed", "kept"),
    [
        ("email", "mailto:Office@Example.org", "Office@example.org"),
        ("email", "office(at)example.org", None),
        ("email", "office@example.org\nBcc: x@example.org", None),
        ("voice", "+1 (613) 555-0100", "+1 (613) 555-0100"),
        ("voice", "tel:+16135550100", "+16135550100"),
        ("voice", "call us", None),
        ("url", "example.org/about", "https://example.org/about"),
        ("url", "javascript:alert(1)", None),
        ("twitter", "https://x.com/some_office", "some_office"),
        ("twitter", "@some_office", "some_office"),
        ("twitter", "some office", None),
    ],
)
def test_contact_details_are_kept_in_one_form(kind: str, typed: str, kept: str | None) -> None:
    assert clean_value(kind, typed) == kept


def test_several_telephones_in_a_field_are_several_contacts() -> None:
    contacts, _unread = split_values("voice", "+1 613 555 0100; +1 613 555 0101 | +1 613 555 0100")
    assert [contact.value for contact in contacts] == ["+1 613 555 0100", "+1 613 555 0101"]
    assert split_values("voice", "") == ([], [])
    assert split_values("voice", "+1 613 555 0100; soon")[1] == ["soon"]


@pytest.mark.parametrize("text", ["a\0b", "a\u202eb", "a\rb", "\ud800"])
def test_hidden_characters_are_seen(text: str) -> None:
    assert has_forbidden_characters(text)
    assert not has_forbidden_characters("Señora O’Neil\n2 Road", lines=True)


def mission(slug: str, kind: MissionKind, host: str, **more: object) -> Mission:
    facts: dict[str, object] = {
        "accredited_to": [],
        "address": ["1 Road"],
        "locality": "Town",
        "last_checked_on": None,
    }
    return Mission(slug=slug, kind=kind, sending_country="MX", host_country=host, **(facts | more))


EMBASSY, CONSULATE = MissionKind.EMBASSY, MissionKind.CONSULATE


def suggested(host: str, *missions: Mission) -> str | None:
    best = best_mission(list(missions), host)
    return best.slug if best else None


def test_the_embassy_comes_before_a_consulate() -> None:
    both = mission("consulate", CONSULATE, "CA"), mission("embassy", EMBASSY, "CA")
    assert suggested("CA", *both) == "embassy"
    assert suggested("CA", both[0]) == "consulate"


def test_an_embassy_accredited_from_elsewhere_counts() -> None:
    elsewhere = mission("nairobi", EMBASSY, "KE", accredited_to=["UG", "RW"])
    assert suggested("UG", mission("kampala", CONSULATE, "UG"), elsewhere) == "nairobi"
    assert suggested("UG", elsewhere, mission("embassy", EMBASSY, "UG")) == "embassy"
    assert suggested("TZ", elsewhere) is None


def test_a_permanent_mission_is_never_suggested() -> None:
    assert suggested("US", mission("un", MissionKind.PERMANENT_MISSION, "US")) is None


def test_of_two_embassies_the_one_with_an_address_then_the_one_checked_last() -> None:
    bare = mission("a", EMBASSY, "IT", address=[], last_checked_on=date(2026, 9, 1))
    old = mission("b", EMBASSY, "IT", last_checked_on=date(2025, 1, 1))
    fresh = mission("c", EMBASSY, "IT", last_checked_on=date(2026, 1, 1))
    assert suggested("IT", bare, old, fresh) == "c"


def test_a_mission_must_be_checked_every_year() -> None:
    today = date(2026, 11, 24)
    assert is_stale(mission("a", EMBASSY, "CA"), today)
    assert is_stale(mission("a", EMBASSY, "CA", last_checked_on=date(2025, 11, 23)), today)
    assert not is_stale(mission("a", EMBASSY, "CA", last_checked_on=date(2025, 11, 24)), today)
