"""Texts say what the glossary says; `tests/words.py` has the lists and the reasons."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from tests.messages import LOCALES, ROOT, catalog, strings
from tests.words import BANNED, EXCEPTIONS, NEVER, TERMS, Banned

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}|\(\(\w+\)\)|<[^>]+>")
_CODE = re.compile(
    r"^ {4,}.*$|`[^`]*`|\]\([^)]*\)|https?://\S+|\*\*[^*]+\*\*|(?<!\*)\*[^*\s][^*]*\*", re.MULTILINE
)
"""Of a page of the documentation: code, addresses, and words in bold or italics, which quote."""
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])


def faults_of(texts: Iterable[str], banned: Iterable[Banned]) -> Iterator[str]:
    banned = tuple(banned)
    for text in texts:
        plain = _PLACEHOLDER.sub("x", text)
        for rule in banned:
            if match := rule.pattern.search(plain):
                yield f"{match[0]!r} in {text!r}: say {rule.say} ({rule.reason})"


def english_faults(message: Message) -> list[str]:
    texts = [text for text in strings(message.id) if text not in EXCEPTIONS]
    return list(faults_of(texts, BANNED))


def translated_faults(message: Message, translation: Message, locale: str) -> list[str]:
    texts = strings(translation.string)
    faults = list(faults_of(texts, NEVER.get(locale, ())))
    english = _PLACEHOLDER.sub("x", strings(message.id)[-1])
    for term in TERMS:
        word = term.translations.get(locale)
        if word and term.english.search(english) and not word.search(texts[-1]):
            faults.append(f"no {word.pattern} in {texts[-1]!r} for {strings(message.id)[-1]!r}")
    return faults


def test_messages_use_the_words_of_the_glossary(messages: Catalog) -> None:
    catalogs = {locale: catalog(locale) for locale in LOCALES}
    wrong = []
    for message in messages:
        if not message.id:
            continue
        wrong += english_faults(message)
        for locale, known in catalogs.items():
            translation = known.get(strings(message.id)[0], message.context)
            if translation is not None and all(strings(translation.string)):
                wrong += translated_faults(message, translation, locale)
    assert wrong == [], "\n".join(wrong)


def _page_faults(page: Path) -> list[str]:
    text = _CODE.sub("", page.read_text(encoding="utf-8")).replace("![", "[")
    language = page.suffixes[0].strip(".")
    banned = NEVER.get(language, BANNED)
    return list(faults_of(re.split(r"(?<=[.:|])\s|\n\n", text), banned))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_of_the_documentation_use_them_too(page: Path) -> None:
    faults = _page_faults(page)
    assert faults == [], "\n".join(faults)


def test_a_fault_is_found() -> None:
    """Without this, the tests above could pass for looking at nothing."""
    assert english_faults(Message("We mail you the letter."))
    good = Message("The email has the letter.")
    assert english_faults(good) == []
    # Neither the letter nor the email is called by its name, and a word is there that is none.
    wrong = Message(good.id, "La carte est dans cet e-mail.")
    assert len(translated_faults(good, wrong, "fr")) == 3
    right = Message(good.id, "La lettre est dans ce courriel.")
    assert translated_faults(good, right, "fr") == []
