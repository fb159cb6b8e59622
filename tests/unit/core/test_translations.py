"""Every word that a person reads is there in each language that has a catalogue."""

import gettext
import re
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo

from campaign.core.language_facts import ENGLISH, facts_of, languages_read, read_language_file
from tests.messages import (
    LOCALES,
    ROOT,
    catalog,
    list_missing,
    list_translated,
    list_wrong_markup,
    list_wrong_placeholders,
    list_wrong_plurals,
    strings,
)

_IDENTIFIER = re.compile(r"(?=\w*(?:[a-z\d][A-Z]|_))\w+")


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_missing_or_guessed(messages: Catalog, locale: str) -> None:
    assert list_missing(messages, catalog(locale)) == []


def test_no_message_is_the_name_of_a_class_or_variable(messages: Catalog) -> None:
    """Whoever renames something may rename a label with it, which no other test would tell."""
    assert _IDENTIFIER.fullmatch("LetterOrder")
    assert _IDENTIFIER.fullmatch("letter_order")
    assert not _IDENTIFIER.fullmatch("Order")
    sentences = {text for message in messages for text in strings(message.id)}
    assert sorted(filter(_IDENTIFIER.fullmatch, sentences)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_are_those_of_the_original(locale: str) -> None:
    assert list_wrong_placeholders(catalog(locale), locale) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalog_is_that_of_the_text(locale: str) -> None:
    path = ROOT / f"campaign/translations/{locale}/LC_MESSAGES/messages.mo"
    compiled = read_mo(BytesIO(path.read_bytes()))
    spoken = gettext.GNUTranslations(BytesIO(path.read_bytes()))
    for message in list_translated(catalog(locale)):
        if message.context:  # `read_mo` forgets contexts
            assert spoken.pgettext(message.context, str(message.id)) == message.string
        else:
            assert strings(compiled[message.id].string) == strings(message.string)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_number_takes_the_plural_form_that_the_language_has_for_it(locale: str) -> None:
    assert list_wrong_plurals(catalog(locale), locale) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_markup_and_links_are_those_of_the_original(locale: str) -> None:
    assert list_wrong_markup(catalog(locale)) == []


def test_arabic_counts_no_hundred_as_it_counts_eleven() -> None:
    """After 11 to 99 stands the accusative; after 100, 1,000 or 1,500 it does not."""
    accusative = re.compile(r"%\(\w+\)[sd] (حرفًا|سطرًا|عمودًا|مفتاحًا|يومًا|شخصًا|طلبًا|توقيعًا)")
    for message in list_translated(catalog("ar")):
        forms = strings(message.string)
        # A message without plural forms stands beside any number.
        several = forms[5] if message.pluralizable else forms[0]
        assert not accusative.search(several), several


def test_a_limit_of_fifteen_hundred_is_said_as_arabic_says_it() -> None:
    path = ROOT / "campaign/translations/ar/LC_MESSAGES/messages.mo"
    spoken = gettext.GNUTranslations(BytesIO(path.read_bytes()))
    single, several = "Up to %(limit)s character", "Up to %(limit)s characters"
    sentences = {n: spoken.ngettext(single, several, n) % {"limit": n} for n in (1500, 102, 80, 5)}
    assert sentences[1500].endswith("1500 حرف")
    assert sentences[102].endswith("102 حرف")
    assert sentences[80].endswith("80 حرفًا")
    assert sentences[5].endswith("5 أحرف")


@pytest.mark.parametrize(("locale", "word"), [("fr", "Acceptée"), ("es", "Aceptada")])
def test_what_happened_agrees_with_the_delivery(locale: str, word: str) -> None:
    known = catalog(locale)
    for message in ("Accepted", "Accepted in part"):
        entry = known.get(message)
        assert entry is not None
        assert str(entry.string).startswith(word)


@pytest.mark.parametrize("locale", [code for code in languages_read() if code != ENGLISH])
def test_a_language_of_the_menu_has_all_its_words_beside_the_catalogue(locale: str) -> None:
    english, facts = facts_of(ENGLISH), facts_of(locale)
    for name in ("translation", "own_words", "copy", "order_of_malta"):
        assert getattr(facts, name) != getattr(english, name), name
    assert len(facts.numbers) == 12
    assert facts.columns["country"]
    screened = read_language_file(locale, "screening.toml")
    assert {"insults", "threats", "private"} <= screened.keys()


_NUMBERS = (
    "num|count|people|letters|cards|hours|days|limit|length|max|min|rows|found|signatures|seconds|"
    "posted|total|others|term"
)
_NO_UNIT = "à|de|et|ou|sur|au|aux|en|pour|par|dans|le|la|les|ont|est|sont|avant|après|que|qui"
_MAY_BREAK = re.compile(
    rf"(?:%\((?:{_NUMBERS})\)[sd]|(?<![\w/.])\d[\d.,]*) (?!(?:{_NO_UNIT})\b)(?=[a-zà-ÿ«])"
)


def test_french_keeps_a_number_and_its_unit_on_one_line() -> None:
    assert _MAY_BREAK.search("au bout de %(num)s jours")
    assert _MAY_BREAK.search("au bout de 24 heures")
    texts = [text for message in list_translated(catalog("fr")) for text in strings(message.string)]
    assert [text for text in texts if _MAY_BREAK.search(text)] == []


_BEFORE_A_NAME = re.compile(
    r"(?:\b(?:à|au|aux|de|du|des|que|le|la|les) |\b(?:l|d|qu)’)"
    r"%\((?:organisation|official|mission|destination|person|office)\)s",
    re.IGNORECASE,
)


def test_french_has_no_word_before_a_name_that_would_be_contracted_with_it() -> None:
    """“À Le Monde” is “au Monde”, “que Amnistie” is “qu’Amnistie”: the name is not known here."""
    assert _BEFORE_A_NAME.search("Par la poste à %(official)s")
    texts = [text for message in list_translated(catalog("fr")) for text in strings(message.string)]
    assert [text for text in texts if _BEFORE_A_NAME.search(text)] == []


def test_a_colon_between_two_texts_is_that_of_the_language() -> None:
    """French has a space before it; `colon` is the one of the page."""
    typed = re.compile(r"(?:\}\}|%\}|</\w+>): *(?:\{\{|<(?:a|bdi|strong)\b)")
    pages = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("templates/**/*.txt")]
    assert pages
    wrong = [str(page) for page in pages if typed.search(page.read_text(encoding="utf-8"))]
    assert wrong == []
