# ruff: noqa: INP001, T201 — started by its path, and prints
"""Print every text of a package in four columns: English, French, Spanish, Arabic.

    make words PACKAGE=signing

For review: what is not translated yet has a dash. The width is that of the terminal.
"""

import shutil
import sys
import textwrap
from itertools import zip_longest

from tests.messages import LOCALES, catalog, gather_messages, strings

GAP = 2


def main(package: str) -> None:
    width = (shutil.get_terminal_size((160, 0)).columns - 3 * GAP) // 4
    catalogs = [catalog(locale) for locale in LOCALES]
    folders = (f"campaign/{package}/", f"templates/{package}/", f"templates/{package}.html")
    count = 0
    for message in gather_messages():
        places = [place for place, _line in message.locations if place.startswith(folders)]
        if not message.id or not places:
            continue
        translations = [known.get(strings(message.id)[0], message.context) for known in catalogs]
        texts = [
            message.id,
            *(translation.string if translation else "" for translation in translations),
        ]
        print_columns([strings(text) for text in texts], width)
        count += 1
    if not count:
        sys.exit(f"no texts in {', '.join(folders)}")


def print_columns(texts: list[list[str]], width: int) -> None:
    """Print the forms of a message below each other, each language in a column."""
    columns = [
        [line for form in forms for line in textwrap.wrap(form or "–", width)] for forms in texts
    ]
    for lines in zip_longest(*columns, fillvalue=""):
        print((" " * GAP).join(line.ljust(width) for line in lines).rstrip())
    print()


main(sys.argv[1])
