"""What code and templates say, how it is translated, and what is wrong with a translation."""

import gettext
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from campaign.core.language_facts import ENGLISH, translated_languages

ROOT = Path(__file__).parents[1]
LOCALES = [code for code in translated_languages() if code != ENGLISH]
_BY_ITS_WORD = {"ar": 3}
"""So many first forms say their number by the noun alone ("two letters" is one word)."""
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
_MARKUP = re.compile(r"</?[a-z]+[^>]*>|\{\w+\}|\(\(\w+\)\)|https?://[^\s)]+")


@cache
def gather_messages() -> Catalog:
    """Gather every message as `make translations` does."""
    with TemporaryDirectory() as folder:
        target = Path(folder) / "campaign.pot"
        command = ["-q", "extract", "-F", ".ci/babel.cfg", "-k", "_l", "-k", "lazy_gettext"]
        subprocess.run(
            [sys.executable, "-m", "babel.messages.frontend", *command, "-o", str(target), "."],
            cwd=ROOT,
            check=True,
        )
        return read_po(BytesIO(target.read_bytes()))


@cache
def catalog(locale: str) -> Catalog:
    path = ROOT / f"campaign/translations/{locale.replace('-', '_')}/LC_MESSAGES/messages.po"
    return read_po(BytesIO(path.read_bytes()), locale=locale)


def strings(value: object) -> list[str]:
    return [str(text) for text in value] if isinstance(value, list | tuple) else [str(value or "")]


def list_missing(messages: Catalog, known: Catalog) -> list[object]:
    """List what a translation does not say, or says by a guess."""
    missing: list[object] = []
    for message in messages:
        translation = known.get(strings(message.id)[0], message.context)
        if message.id and (
            translation is None or translation.fuzzy or not all(strings(translation.string))
        ):
            missing.append(message.id)
    return missing


def list_translated(known: Catalog) -> list[Message]:
    return [message for message in known if message.id and all(strings(message.string))]


def list_wrong_placeholders(known: Catalog, locale: str) -> list[str]:
    """List translations that have other placeholders than their original."""
    wrong = []
    for message in list_translated(known):
        allowed = {name for text in strings(message.id) for name in _PLACEHOLDER.findall(text)}
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
    return wrong


def list_wrong_markup(known: Catalog) -> list[object]:
    """List messages whose translation has other markup or links."""
    return [
        message.id
        for message in list_translated(known)
        if not message.pluralizable
        if sorted(_MARKUP.findall(str(message.string))) != sorted(_MARKUP.findall(str(message.id)))
    ]


def list_wrong_plurals(known: Catalog, locale: str) -> list[object]:
    """List plurals without all their forms, and numbers that take a form of another number."""
    choose, rule = gettext.c2py(known.plural_expr), Locale.parse(locale, sep="-").plural_form
    # Babel has a form for whole millions in French and Spanish, which no catalog uses.
    forms = {(choose(number), rule(number)) for number in (*range(130), 200, 1_002, 1_011)}
    wrong: list[object] = [forms] if len(forms) != known.num_plurals else []
    return wrong + [
        message.id
        for message in known
        if message.id and message.pluralizable and len(message.string) != known.num_plurals
    ]
