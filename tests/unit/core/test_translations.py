"""Every word that a person reads is there in French, Spanish and Arabic."""

import gettext
import re
from io import BytesIO

import pytest
from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo

from tests.messages import LOCALES, ROOT, catalog, strings

_CATEGORIES = {
    "fr": ["one", "other"],
    "es": ["one", "other"],
    "ar": ["zero", "one", "two", "few", "many", "other"],
}
"""The plural forms of each catalog, in order, by their names in CLDR."""
_BY_ITS_WORD = {"ar": 3}
"""So many first forms say their number by the noun alone ("two letters" is one word)."""
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
_IDENTIFIER = re.compile(r"(?=\w*(?:[a-z\d][A-Z]|_))\w+")
_MARKUP = re.compile(r"</?[a-z]+[^>]*>|\{\w+\}|\(\(\w+\)\)|https?://[^\s)]+")


def translated(locale: str) -> list[Message]:
    """The messages that have words; those that have none, the first test names."""
    return [one for one in catalog(locale) if one.id and all(strings(one.string))]


@pytest.mark.parametrize("locale", LOCALES)
def test_no_message_is_missing_or_guessed(messages: Catalog, locale: str) -> None:
    known = catalog(locale)
    wanting = []
    for message in messages:
        if not message.id:
            continue
        found = known.get(strings(message.id)[0], message.context)
        if found is None or found.fuzzy or not all(strings(found.string)):
            wanting.append(message.id)
    assert wanting == []


def test_no_message_is_the_name_of_a_class_or_variable(messages: Catalog) -> None:
    """Whoever renames something may rename a label with it, which no other test would tell."""
    assert _IDENTIFIER.fullmatch("LetterOrder")
    assert _IDENTIFIER.fullmatch("letter_order")
    assert not _IDENTIFIER.fullmatch("Order")
    sentences = {text for message in messages for text in strings(message.id)}
    assert sorted(filter(_IDENTIFIER.fullmatch, sentences)) == []


@pytest.mark.parametrize("locale", LOCALES)
def test_placeholders_are_those_of_the_original(locale: str) -> None:
    wrong = []
    for message in translated(locale):
        allowed = {name for one in strings(message.id) for name in _PLACEHOLDER.findall(one)}
        needed = set(_PLACEHOLDER.findall(strings(message.id)[-1]))
        # What English says of several alone ("from 1 to 7") no language has to say of one.
        of_several = needed - set(_PLACEHOLDER.findall(strings(message.id)[0]))
        for form, string in enumerate(strings(message.string)):
            named = set(_PLACEHOLDER.findall(string))
            counted = message.pluralizable and form < _BY_ITS_WORD.get(locale, 0)
            lost = needed - named - {"%(num)s"}
            if message.pluralizable and form < _BY_ITS_WORD.get(locale, 1):
                lost -= of_several
            if len(lost) > counted or not named <= allowed:
                wrong.append(string)
    assert wrong == [], wrong


@pytest.mark.parametrize("locale", LOCALES)
def test_the_compiled_catalog_is_that_of_the_text(locale: str) -> None:
    path = ROOT / f"campaign/translations/{locale}/LC_MESSAGES/messages.mo"
    compiled = read_mo(BytesIO(path.read_bytes()))
    spoken = gettext.GNUTranslations(BytesIO(path.read_bytes()))
    for message in translated(locale):
        if message.context:  # `read_mo` forgets contexts
            assert spoken.pgettext(message.context, str(message.id)) == message.string
        else:
            assert strings(compiled[message.id].string) == strings(message.string)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_number_takes_the_plural_form_that_the_language_has_for_it(locale: str) -> None:
    known = catalog(locale)
    assert known.num_plurals == len(_CATEGORIES[locale])
    choose = gettext.c2py(known.plural_expr)
    rule = Locale.parse(locale).plural_form
    for number in (*range(130), 200, 1_002, 1_011):
        # Babel has a form for whole millions in French and Spanish, which no catalog uses.
        assert _CATEGORIES[locale][choose(number)] == rule(number), number


@pytest.mark.parametrize("locale", LOCALES)
def test_every_plural_has_all_its_forms(locale: str) -> None:
    known = catalog(locale)
    forms = {len(message.string) for message in known if message.pluralizable and message.id}
    assert forms == {known.num_plurals}


@pytest.mark.parametrize("locale", LOCALES)
def test_markup_and_links_are_those_of_the_original(locale: str) -> None:
    wrong = [
        message.id
        for message in translated(locale)
        if not message.pluralizable
        if sorted(_MARKUP.findall(str(message.string))) != sorted(_MARKUP.findall(str(message.id)))
    ]
    assert wrong == [], wrong


def test_arabic_counts_no_hundred_as_it_counts_eleven() -> None:
    """After 11 to 99 stands the accusative; after 100, 1,000 or 1,500 it does not."""
    accusative = re.compile(r"%\(\w+\)[sd] (حرفًا|سطرًا|عمودًا|مفتاحًا|يومًا|شخصًا|طلبًا|توقيعًا)")
    for message in translated("ar"):
        forms = strings(message.string)
        # A message without plural forms stands beside any number.
        several = forms[5] if message.pluralizable else forms[0]
        assert not accusative.search(several), several


def test_a_limit_of_fifteen_hundred_is_said_as_arabic_says_it() -> None:
    path = ROOT / "campaign/translations/ar/LC_MESSAGES/messages.mo"
    spoken = gettext.GNUTranslations(BytesIO(path.read_bytes()))
    one, several = "Up to %(limit)s character", "Up to %(limit)s characters"
    said = {n: spoken.ngettext(one, several, n) % {"limit": n} for n in (1500, 102, 80, 5)}
    assert said[1500].endswith("1500 حرف")
    assert said[102].endswith("102 حرف")
    assert said[80].endswith("80 حرفًا")
    assert said[5].endswith("5 أحرف")


@pytest.mark.parametrize(("locale", "word"), [("fr", "Acceptée"), ("es", "Aceptada")])
def test_what_happened_agrees_with_the_delivery(locale: str, word: str) -> None:
    known = catalog(locale)
    for message in ("Accepted", "Accepted in part"):
        found = known.get(message)
        assert found is not None
        assert str(found.string).startswith(word)
