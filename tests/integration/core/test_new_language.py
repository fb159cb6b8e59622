"""A language is added by its catalogue and one list: German, whose words a machine fills in.

The steps are those of docs/add-a-language.md, in a copy of the tree.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from io import BytesIO
from pathlib import Path
from shutil import copytree

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

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
import sys
from campaign import create_app
from campaign.core.settings import load_settings

settings = load_settings(
    instance=sys.argv[1], database_url=sys.argv[2], locales=["en", "fr", "es", "ar", "de"]
)
client = create_app(settings).test_client()
client.get("/")
asked = {"Accept-Language": "de"}
print(client.get("/", headers=asked).location, client.get("/de/").text, client.get("/en/").text,
      client.get("/sitemap.xml").text, sep="\\0")
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what is installed, of links; what is new in it lies in it alone."""
    folder = tmp_path_factory.mktemp("tree")
    copytree(ROOT / "campaign", folder / "campaign", copy_function=os.symlink)
    for name in ("templates", "static", "letters"):
        (folder / name).symlink_to(ROOT / name)
    with (folder / "campaign.pot").open("wb") as file:
        write_po(file, _messages())
    _babel(folder, "init", "-i", "campaign.pot", "-l", "de")
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
    program = (sys.executable, "-m", "babel.messages.frontend", "-q", command)
    subprocess.run([*program, *options, "-d", "campaign/translations"], cwd=tree, check=True)


def _pages(tree: Path, folder: Path, database_url: str) -> Iterator[str]:
    """Where a German browser is led; the German and the English home page; the site map."""
    answer = subprocess.run(
        [sys.executable, "-c", _SITE, str(folder / "instance"), database_url],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=True,
    )
    yield from answer.stdout.split("\0")


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


@pytest.mark.one_engine
def test_a_new_language_is_served_and_not_in_the_menu_until_somebody_has_read_it(
    tree: Path, german: Catalog, database_url: str, tmp_path: Path
) -> None:
    led, page, english, sitemap = _pages(tree, tmp_path, database_url)
    assert "‹" in page
    assert 'lang="de"' in page
    assert led == "/en/"
    assert "/de/" not in english + sitemap
    languages = tree / "campaign/translations/languages.toml"
    text = languages.read_text(encoding="utf-8")
    languages.unlink()  # a link to ours
    languages.write_text(text.replace('"ar"', '"ar", "de"'), encoding="utf-8")
    led, _page, english, sitemap = _pages(tree, tmp_path, database_url)
    assert led == "/de/"
    assert re.search(r'href="/de/" lang="de"[^>]*>Deutsch<', english)
    assert "/de/" in sitemap
