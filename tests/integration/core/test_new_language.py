"""A language is added by its catalogue and one list: German, whose words a machine fills in.

The steps are those of docs/add-a-language.md, in a copy of the tree.
"""

import os
import re
import subprocess
import sys
from functools import cache
from io import BytesIO
from pathlib import Path
from shutil import copytree

import pytest
from babel.messages.catalog import Catalog
from babel.messages.frontend import CommandLineInterface
from babel.messages.pofile import read_po, write_po
from jinja2 import FileSystemBytecodeCache

from tests.messages import (
    ROOT,
    catalog,
    list_missing,
    list_wrong_markup,
    list_wrong_placeholders,
    list_wrong_plurals,
    strings,
)

_SITE = """
import os, sys
from pathlib import Path
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from campaign import create_app
from campaign.core import language_facts
from campaign.core.settings import load_settings

Flask.jinja_options = {"bytecode_cache": FileSystemBytecodeCache(sys.argv[3])}

def show():
    settings = load_settings(
        instance=sys.argv[1], database_url=sys.argv[2], locales=["en", "fr", "es", "ar", "de"]
    )
    client = create_app(settings).test_client()
    client.get("/")
    asked = {"Accept-Language": "de"}
    pages = [client.get(path).text for path in ("/de/", "/en/", "/sitemap.xml")]
    print(client.get("/", headers=asked).location, *pages, sep="\\0", end="\\0", flush=True)

if os.fork() == 0:
    show()
    os._exit(0)
assert os.wait()[1] == 0
languages = Path("campaign/translations/languages.toml")
text = languages.read_text(encoding="utf-8")
languages.unlink()  # a link to ours
languages.write_text(text.replace('"ar"', '"ar", "de"'), encoding="utf-8")
language_facts.languages_read.cache_clear()
language_facts.translated_languages.cache_clear()
show()
"""
"""The pages before and after somebody has read them; the program is loaded once."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is installed, of links; what is new in it lies in it alone."""
    folder = tmp_path_factory.mktemp("tree")
    copytree(ROOT / "campaign", folder / "campaign", copy_function=os.symlink)
    for name in ("templates", "static", "letters"):
        (folder / name).symlink_to(ROOT / name)
    with (folder / "campaign.pot").open("wb") as file:
        write_po(file, _messages())
    _babel(folder, "init", "-i", str(folder / "campaign.pot"))
    return folder


@pytest.fixture(scope="module")
def german(tree: Path) -> Catalog:
    """The catalogue with every message filled in, between marks, and compiled."""
    path = tree / "campaign/translations/de/LC_MESSAGES/messages.po"
    known = read_po(BytesIO(path.read_bytes()), locale="de")
    for message in filter(lambda message: message.id, known):
        marked = tuple(f"‹{text} ›" for text in strings(message.id))
        message.string = marked if message.pluralizable else marked[0]
    with path.open("wb") as file:
        write_po(file, known)
    _babel(tree, "compile")
    return known


@cache
def _messages() -> Catalog:
    """Every message, as `make translations` gathers them: the French catalogue has each."""
    messages = Catalog()
    for message in catalog("fr"):
        if message.id:
            messages.add(message.id, flags=message.flags, context=message.context)
    return messages


def _babel(tree: Path, command: str, *options: str) -> None:
    translations = str(tree / "campaign/translations")
    CommandLineInterface().run(["pybabel", "-q", command, *options, "-l", "de", "-d", translations])


def test_a_catalogue_that_a_machine_filled_is_complete(german: Catalog) -> None:
    assert list_missing(_messages(), german) == []
    assert list_wrong_placeholders(german, "de") == []
    assert list_wrong_markup(german) == []
    assert list_wrong_plurals(german, "de") == []


def test_what_the_new_catalogue_lacks_is_found(tree: Path) -> None:
    """Without this, the test above could pass for looking at nothing."""
    path = tree / "campaign/translations/de/LC_MESSAGES/messages.po"
    known = read_po(BytesIO(path.read_bytes()), locale="de")
    for message in known:
        message.string = ("x", "") if message.pluralizable else "<b>x</b>"
    assert list_missing(_messages(), known)
    assert list_wrong_placeholders(known, "de")
    assert list_wrong_markup(known)
    next(message for message in known if message.pluralizable).string = ("x", "y", "z")
    assert list_wrong_plurals(known, "de")


def test_a_new_language_is_served_and_not_in_the_menu_until_somebody_has_read_it(
    tree: Path,
    german: Catalog,
    database_url: str,
    tmp_path: Path,
    compiled_templates: FileSystemBytecodeCache,
) -> None:
    """Where a German browser is led; the German and the English home page; the site map."""
    places = (str(tmp_path / "instance"), database_url, compiled_templates.directory)
    answer = subprocess.run(
        [sys.executable, "-c", _SITE, *places],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=True,
    )
    led, page, english, sitemap, *after = answer.stdout.split("\0")
    assert "‹" in page
    assert 'lang="de"' in page
    assert led == "/en/"
    assert "/de/" not in english + sitemap
    led, _page, english, sitemap, _end = after
    assert led == "/de/"
    assert re.search(r'href="/de/" lang="de"[^>]*>Deutsch<', english)
    assert "/de/" in sitemap
