"""What supporters type: taken and tidied, or refused with a problem that has words."""

import unicodedata
from dataclasses import asdict, replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.campaigns.content.address_and_salutation import Addressing
from campaign.models.signature import Disclosure
from campaign.printing.check_letters import check_characters, texts_of
from campaign.signing.address import names_street
from campaign.signing.checks.wordlist import word_rules_of
from campaign.signing.clean_text import without_emoji
from campaign.signing.form.forms import _TEXTS, _TEXTS_WITH_DATA, describe_problem
from campaign.signing.letter.compose import Case, Proposal, compose
from campaign.signing.person_fingerprint import Person
from campaign.signing.validate import (
    CARD_WORDS_LIMIT,
    Offer,
    Problem,
    SignedForm,
    check_form,
    check_line,
    check_text,
    check_words,
    suggest_address,
)
from tests.deadlines import soon

OFFER = Offer(("en", "es"), (("protect", True), ("investigate", False), ("recognise", False)))
GOOD = {
    "given_name": "Maëlle",
    "family_name": "Tremblay",
    "email": "maelle@example.org",
    "locality": "Saint-Jérôme",
    "region": "QC",
    "postal_code": "J7Z 1A1",
    "country": "CA",
    "disclosure": "town",
    "own_words": "I write because I care.",
    "letter_locale": "en",
}
LINES = ("given_name", "family_name", "locality", "region", "postal_code")


def problem_of(name: str, value: str) -> Problem | None:
    _, problems = check_form({**GOOD, name: value}, [], OFFER, limit=1500)
    return problems.get(name)


def form_with(**values: str) -> SignedForm:
    form, problems = check_form({**GOOD, **values}, ["recognise"], OFFER, limit=1500)
    assert problems == {}
    assert form is not None
    return form


def test_a_good_form_is_taken_as_typed() -> None:
    form = form_with()
    assert asdict(form) == {
        **GOOD,
        "points": ("protect", "recognise"),
        "disclosure": Disclosure.TOWN,
        "consent_updates": False,
        "consent_network": False,
        "full_text": "",
        "source": "",
    }


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("given_name", "give-name"),
        ("email", "give-email"),
        ("locality", "give-locality"),
        ("country", "choose-country"),
        ("disclosure", "choose-disclosure"),
    ],
)
@pytest.mark.parametrize("nothing", ["", "   ", "\u200b\u200e", "\u2800\u2800", "\u2063"])
def test_what_is_needed_cannot_be_left_out(name: str, slug: str, nothing: str) -> None:
    problem = problem_of(name, nothing)
    assert problem is not None
    assert problem.slug == slug


@pytest.mark.parametrize("code", ["75001", "٧٥٠٠١", "۷۵۰۰۱", "７５００１", "७५००१"])
def test_a_postal_code_is_taken_in_the_figures_of_any_script(code: str) -> None:
    assert form_with(country="FR", region="", postal_code=code).postal_code == "75001"


def test_a_postal_code_is_kept_as_its_country_writes_it_and_means_the_same_home() -> None:
    typed, kept = "k1a0b1", form_with(country="CA", region="", postal_code="k1a0b1").postal_code
    assert kept == "K1A 0B1"
    homes = {Person("A", "B", "CA", code, "Ottawa").code for code in (typed, kept)}
    assert len(homes) == 1


@pytest.mark.parametrize("name", ["family_name", "region", "postal_code", "own_words"])
def test_other_fields_can_stay_empty(name: str) -> None:
    assert problem_of(name, "") is None


@pytest.mark.parametrize(
    "name",
    ["O", "李", "عائشة", "שרה", "José Ñúñez", "Nguyễn Thị", "D’Arcy", "Jean-Luc", "Ó Súilleabháin"],
)
def test_names_of_the_world_are_taken(name: str) -> None:
    assert form_with(given_name=name, family_name=name).given_name == unicodedata.normalize(
        "NFC", name
    )


def test_a_name_of_a_hundred_letters_is_taken_and_one_of_three_hundred_is_not() -> None:
    assert problem_of("given_name", "a" * 100) is None
    assert problem_of("given_name", "a" * 300) == Problem("too-long", {"limit": 100, "length": 300})


def test_twenty_thousand_characters_of_own_words_are_counted() -> None:
    assert problem_of("own_words", "word " * 4000) == Problem(
        "too-long-words", {"limit": 1500, "length": 19999}
    )


def test_a_sign_that_stands_for_a_sentence_counts_as_one() -> None:
    """What looks for words spells it out: five thousand such signs are ninety thousand letters."""
    assert problem_of("own_words", "\ufdfa" * 100) == Problem(
        "too-long-words", {"limit": 1500, "length": 1800}
    )
    assert problem_of("own_words", "peace \ufdfa") is None
    offer = replace(OFFER, word_rules=word_rules_of(["secret"], []))
    problems = check_words({"own_words": "secret " + "\ufdfa" * 5000}, [], offer, limit=1500)[1]
    assert problems["own_words"].also == (), "no words are looked for in what is far too long"


@pytest.mark.parametrize("name", [*LINES, "own_words"])
@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Ma\0ya", "nul"),
        ("Ma\x07ya", "control-character"),
        ("Ma\u202eya", "bidi-control"),
        ("Ma\u2066ya", "bidi-control"),
        ("Ma\ud800ya", "not-text"),
        ("Ma😀ya", "emoji"),
        ("Ma\ue000ya", "cannot-print"),
        ("M" + "a\u0353" + "\u0353" * 8 + "ya", "stacked-marks"),
    ],
)
def test_what_cannot_be_printed_is_refused(name: str, text: str, slug: str) -> None:
    problem = problem_of(name, text)
    assert problem is not None
    assert problem.slug == slug


@pytest.mark.parametrize("text", ["\u0301\u0302", "\u0301\n\n\u0301 \u200d\u0301"])
def test_own_words_of_marks_alone_are_refused(text: str) -> None:
    assert problem_of("own_words", text) == Problem("no-letter")
    assert problem_of("own_words", f"e{text}") is None


@pytest.mark.parametrize("name", [*LINES, "email"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028"])
def test_a_line_has_one_line(name: str, end: str) -> None:
    problem = problem_of(name, f"a{end}Bcc: b@example.org")
    assert problem == Problem("one-line")


def test_marks_that_nobody_sees_are_stripped() -> None:
    assert check_line("\u200fMaya\u200b \u00ad Roy\ufeff", limit=100) == "Maya Roy"
    assert check_line("Maya\u2800R\u2063o\u034fy\U000e0041", limit=100) == "Maya Roy"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Be strong \U0001f4aa\U0001f3fd today", "Be strong today"),
        ("My \U0001f468\u200d\U0001f469\u200d\U0001f467 thanks you", "My thanks you"),
        ("From \U0001f1f2\U0001f1fd!", "From!"),
        ("Born in Québec \U0001f389. Then", "Born in Québec. Then"),
        ("Né à Québec \U0001f389 ! Puis", "Né à Québec ! Puis"),
        ("می\u200cخواهم \U0001f49c", "می\u200cخواهم"),
    ],
)
def test_emoji_are_taken_out_with_what_joins_them(typed: str, kept: str) -> None:
    assert check_text(typed, limit=99) == Problem("emoji")
    assert check_text(without_emoji(typed), limit=99) == kept


def test_a_character_of_a_script_that_cannot_be_printed_is_named_beside_an_emoji() -> None:
    assert check_text("\ue000 \U0001f49c", limit=99) == Problem(
        "cannot-print", {"characters": ("\ue000",), "more": 1}
    )


@pytest.mark.parametrize(
    ("country", "typed", "kept"),
    [
        ("CA", "on", "ON"),
        ("CA", "Québec", "QC"),
        ("US", "new york", "NY"),
        ("MX", "Yuc.", "Yuc."),
        ("CA", "Upper Canada", "Upper Canada"),
    ],
)
def test_a_region_is_kept_as_its_post_writes_it(country: str, typed: str, kept: str) -> None:
    assert form_with(country=country, region=typed, postal_code="").region == kept


def test_joiners_stay_because_persian_is_written_with_them() -> None:
    assert check_line("می\u200cخواهم", limit=100) == "می\u200cخواهم"


def test_paragraphs_of_own_words_are_tidied() -> None:
    assert (
        check_text(" One \r\n\r\n\r\n\r\ntwo\tthree\rfour ", limit=99) == "One\n\ntwo three\nfour"
    )


def test_own_words_are_a_letter_and_no_list() -> None:
    assert check_text("\u2800 \u2800\n\u2063", limit=99) == "", "nothing that is seen"
    assert check_text("a\n\n" * 21, limit=1500) == Problem("too-many-paragraphs", {"limit": 20})


@pytest.mark.parametrize("address", ["maya", "maya@", "@example.org", "a@b"])
def test_an_address_must_be_whole(address: str) -> None:
    assert problem_of("email", address) == Problem("not-an-email")


@pytest.mark.parametrize(
    ("address", "slug"), [("a b@example.org", "email-space"), ("x@exemple..com", "email-two-dots")]
)
def test_what_is_wrong_with_an_address_is_named(address: str, slug: str) -> None:
    assert problem_of("email", address) == Problem(slug)


@pytest.mark.parametrize("code", ["XX", "ca", "C"])
def test_a_country_must_be_on_the_list(code: str) -> None:
    assert problem_of("country", code) == Problem("choose-country")


@pytest.mark.parametrize("name", ["given_name", "locality"])
def test_a_name_needs_a_letter(name: str) -> None:
    assert problem_of(name, "123 !") == Problem("no-letter")


def test_a_percent_sign_in_a_text_without_values_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_TEXTS, "one-line", "À 100 % sur une ligne.")
    assert describe_problem(Problem("one-line")) == "À 100 % sur une ligne."


def test_required_points_are_in_and_unknown_ones_are_refused() -> None:
    words, problems = check_words(GOOD, ["investigate"], OFFER, limit=99)
    assert (words.points, problems) == (("protect", "investigate"), {})
    _, problems = check_words(GOOD, ["invented"], OFFER, limit=99)
    assert problems == {"points": Problem("points-changed")}


def test_a_language_that_the_letter_does_not_have_is_refused() -> None:
    _, problems = check_words({"letter_locale": "de"}, [], OFFER, limit=99)
    assert problems == {"letter_locale": Problem("no-such-language")}


ANYTHING = st.text(
    st.one_of(
        st.characters(codec=None),
        st.sampled_from("\0\r\n\t\u202e\u200f\u0301\u0353\ud800\ufffd😀ة李 a"),
    ),
    max_size=60,
)


@soon
@given(values=st.fixed_dictionaries(dict.fromkeys(GOOD, ANYTHING)), points=st.lists(ANYTHING))
def test_any_text_is_refused_with_words_or_taken(values: dict[str, str], points: list[str]) -> None:
    form, problems = check_form(values, points, OFFER, limit=50)
    assert (form is None) == bool(problems)
    assert {
        problem.slug for problem in problems.values()
    } <= _TEXTS.keys() | _TEXTS_WITH_DATA.keys()


@soon
@given(name=ANYTHING, place=ANYTHING, words=ANYTHING)
def test_what_is_taken_composes_and_can_be_printed(name: str, place: str, words: str) -> None:
    values = {**GOOD, "given_name": name, "locality": place, "own_words": words}
    form, problems = check_form(values, [], OFFER, limit=1500)
    if form is None:
        assert problems
        return
    letter = compose(
        key="1",
        number=None,
        case=Case("UA 1/26", "Amara Okafor", "MX", None),
        addressing=Addressing("Ines Quintero", "Governor", "Dear Governor,", "Yours,", ("A",)),
        proposal=Proposal("Protection", "I write.", "Thank you.", (("protect", True, "Act."),)),
        writer=form,
        locale="en",
        written_on=date(2026, 11, 24),
    )
    assert check_characters(texts_of(letter)) == []
    assert letter.signature_name
    form.email.encode()


def test_a_card_takes_fewer_own_words() -> None:
    offer = Offer(OFFER.letter_locales, OFFER.points, CARD_WORDS_LIMIT)
    for length, refused_fields in ((300, set()), (301, {"own_words"})):
        _, problems = check_words({**GOOD, "own_words": "a" * length}, [], offer, limit=1500)
        assert problems.keys() == refused_fields


@pytest.mark.parametrize(
    "name",
    [
        "\u0e01" + ("\u0e48" * 4 + "\u200c") * 18,
        "a" + ("\u0301" * 4 + "\u200d") * 19,
        "\u0915" + ("\u0301" * 4 + "\u093e") * 10,
    ],
)
def test_marks_cannot_be_stacked_by_putting_joiners_between_them(name: str) -> None:
    problem = problem_of("given_name", name)
    assert problem is not None
    assert problem.slug == "stacked-marks"


@pytest.mark.parametrize("name", ["\u3164", "\u1160\u115f", "\uffa0"])
def test_a_name_that_nobody_sees_is_no_name(name: str) -> None:
    assert problem_of("given_name", name) is not None


@pytest.mark.parametrize(
    ("town", "asked"),
    [
        ("12 Main Street", True),
        ("12 Main St.", True),
        ("Suite 4, 100 King Road", True),
        ("5 rue de la Paix", True),
        ("Calle 60 núm. 491", True),
        ("Hauptstraße 7", True),
        ("12b, allée des Érables", True),
        ("شارع النيل ١٢", True),
        ("Trois-Rivières", False),
        ("100 Mile House", False),
        ("6th of October City", False),
        ("Saint-Louis-du-Ha! Ha!", False),
        ("25 de Mayo", False),
        ("Rue", False),
        ("Road Town", False),
        ("St. John's 2", False),
        ("Paris 8e", False),
        ("1770", False),
        ("Streetsville", False),
        ("Via", False),
    ],
)
def test_a_street_in_the_place_of_a_town_is_asked_about_and_who_insists_is_believed(
    town: str, asked: bool
) -> None:
    assert names_street(town) is asked
    if any(letter.isalpha() for letter in town):
        problem = problem_of("locality", town)
        assert (problem is not None and problem.slug == "street-as-town") is asked
        assert form_with(locality=town, town_is_right="y").locality == town


@pytest.mark.parametrize(
    ("typed", "right"),
    [
        ("jo@gmial.com", "jo@gmail.com"),
        ("jo@gmail.con", "jo@gmail.com"),
        ("jo@gmail.co", "jo@gmail.com"),
        ("jo@hotmal.com", "jo@hotmail.com"),
        ("jo@YAHOOO.com", "jo@yahoo.com"),
        ("Jo.B@outlok.com", "Jo.B@outlook.com"),
    ],
)
def test_one_slip_is_seen(typed: str, right: str) -> None:
    assert suggest_address(typed) == right


@pytest.mark.parametrize(
    "typed",
    [
        "jo@gmail.com",
        "jo@GMAIL.com",
        "jo@mail.com",
        "jo@ymail.com",
        "jo@example.org",
        "jo@hotmail.fr",
        "jo@gmx.com",
        "jo",
        "",
    ],
)
def test_what_looks_right_is_left_alone(typed: str) -> None:
    assert suggest_address(typed) == ""
