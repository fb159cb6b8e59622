"""Rows of a table of addresses, found right or wrong."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from babel.support import Translations

from campaign.core.language_facts import FOLDER, languages_read
from campaign.crm.read_contacts import Contact, Fault, Proof, guess_meanings, read_contacts
from campaign.directory.imports.tables import Table

DAY = date(2026, 5, 3)
PROOF = Proof(DAY, "Email me.", "Binder 3", "en", ("en", "fr"), date(2026, 11, 27))
MEANINGS = {"0": "email", "1": "consented_on", "2": "wording", "3": "source", "4": "language"}


def read(*cells: str, proof: Proof | None = PROOF) -> Contact | str:
    row = [*cells, *[""] * (5 - len(cells))]
    contacts, faults = read_contacts(Table(["a"] * 5, [(2, row)]), MEANINGS, proof)
    assert len(contacts) + len(faults) == 1
    return contacts[0] if contacts else faults[0].slug


def test_a_row_says_its_proof_or_the_file_does() -> None:
    assert read("a@example.org") == Contact(2, "a@example.org", "en", DAY, "Email me.", "Binder 3")
    assert read("a@example.org", "2025-01-02", "Write.", "Site", "fr_CA") == Contact(
        2, "a@example.org", "fr", date(2025, 1, 2), "Write.", "Site"
    )


@pytest.mark.parametrize(
    ("typed", "locale", "other"),
    [
        ("Français", "fr", ""),
        ("eng", "en", ""),
        ("", "ar", ""),
        ("German", "ar", "German"),
        ("?", "ar", "?"),
    ],
)
def test_a_language_in_which_we_do_not_write_is_named(typed: str, locale: str, other: str) -> None:
    proof = replace(PROOF, locale="ar", locales=("en", "fr", "ar"))
    contact = read("a@example.org", "", "", "", typed, proof=proof)
    assert isinstance(contact, Contact)
    assert (contact.locale, contact.other_language) == (locale, other)


@pytest.mark.parametrize(
    ("lacks", "slug"),
    [
        ({"consented_on": None}, "date-missing"),
        ({"wording": ""}, "wording-missing"),
        ({"source": ""}, "source-missing"),
    ],
)
def test_without_proof_nobody_is_taken_in(lacks: dict[str, object], slug: str) -> None:
    assert read("a@example.org", proof=replace(PROOF, **lacks)) == slug  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cells", "slug"),
    [
        (("no address",), "email-bad"),
        (("",), "email-bad"),
        (("a@example.org", "3 May"), "date-bad"),
        (("a@example.org", "2025"), "date-bad"),
        (("a@example.org", "31.2.2025"), "date-bad"),
        (("a@example.org", "2025/31/12"), "date-bad"),
        (("a@example.org", "2025.12/25"), "date-bad"),
        (("a@example.org", "3/5/2025"), "date-unclear"),
        (("a@example.org", "2027-01-01"), "date-to-come"),
        (("a@example.org", "", "x" * 601), "proof-long"),
    ],
)
def test_what_is_wrong_is_said(cells: tuple[str, ...], slug: str) -> None:
    assert read(*cells) == slug


@pytest.mark.parametrize(
    "typed",
    [
        *("2025-12-25", "2025-12-25T10:00:00Z", "2025/12/25", "2025/12/25 10:00", "2025.12.25"),
        *("25/12/2025", "12-25-2025", "25. 12. 2025"),
    ],
)
def test_a_day_that_can_be_only_one_is_taken(typed: str) -> None:
    contact = read("a@example.org", typed)
    assert isinstance(contact, Contact)
    assert contact.consented_on == date(2025, 12, 25)


@pytest.mark.parametrize("typed", ["2025-06-07", "2025/06/07", "2025.6.7"])
def test_after_a_year_comes_the_month(typed: str) -> None:
    contact = read("a@example.org", typed)
    assert isinstance(contact, Contact)
    assert contact.consented_on == date(2025, 6, 7)


def test_of_two_spellings_the_first_counts_and_a_list_of_addresses_needs_no_proof() -> None:
    rows = [(2, ["A@example.org"]), (3, ["a@example.org"])]
    contacts, faults = read_contacts(Table(["email"], rows), {"0": "email"}, None)
    assert contacts == [Contact(2, "A@example.org")]
    assert faults == [Fault(3, "twice")]


def test_columns_are_guessed_by_their_names() -> None:
    assert guess_meanings(["Name", "E-mail", "Courriel", "Preuve"]) == {"1": "email", "3": "source"}
    ours = ["email", "language", "consent", "consented_on", "source", "proof"]
    named = ["email", "language", "wording", "consented_on", "source"]
    assert list(guess_meanings(ours).values()) == named
    assert "4" not in guess_meanings(ours), "our lists say there by which way somebody came"
    words = ["What they agreed to", "Where the proof is", "Date"]
    assert list(guess_meanings(words).values()) == ["wording", "source", "consented_on"]


@pytest.mark.parametrize(
    "heading",
    [
        *("Date of consent", "Consent date", "CONSENTED ON"),
        *("Date de consentement", "date du consentement", "Date de l’accord"),
        *("Fecha de consentimiento", "Fecha del consentimiento", "FECHA DE ACEPTACION"),
        *("تاريخ الموافقة", "تاريخ الموافقه"),
    ],
)
def test_the_day_of_consent_is_guessed_in_four_languages(heading: str) -> None:
    assert guess_meanings(["E-mail", heading]) == {"0": "email", "1": "consented_on"}


@pytest.mark.parametrize("locale", languages_read())
def test_a_column_that_is_called_as_on_our_page_is_guessed(locale: str) -> None:
    labels = {
        "email": "Email address",
        "language": "Language of our emails",
        "consented_on": "Date of consent",
        "wording": "What they agreed to",
        "source": "Where the proof is",
    }
    page = (Path(__file__).parents[3] / "templates/crm/contacts.html").read_text()
    assert [label for label in labels.values() if f"_('{label}')" not in page] == []
    words = Translations.load(FOLDER, [locale])
    heads = [words.gettext(label) for label in labels.values()]
    assert list(guess_meanings(heads).values()) == list(labels)
