"""Half a megabyte in any cell of a file is read, or refused, within a second."""

import io
import json
from datetime import date
from functools import partial

import pytest
import xlsxwriter

from campaign.core.errors import UnreadableFile
from campaign.directory.imports.guess_columns import MEANINGS
from campaign.directory.imports.read_list import read_list
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.tables import LONGEST_CELL, Table
from campaign.directory.imports.uploads import ImportSource
from campaign.models.directory import Directory
from campaign.paper_signatures import read_file
from tests.deadlines import seconds_of

_SIZE = 500_000
_HOSTILE = {
    "marks": "a" + "\u0301" * (_SIZE // 2),
    "spaces": "a" + " " * _SIZE + "b",
    "lines": "a\n" * (_SIZE // 2),
    "commas": "a, " * (_SIZE // 3),
    "digits": "1" * _SIZE,
    "words": "de la " * (_SIZE // 6),
    "addresses": "a@b.c;" * (_SIZE // 6),
    "slashes": "http://a/" * (_SIZE // 9),
    "ligatures": "\ufdfa" * (_SIZE // 3),
    "brackets": "(" * _SIZE,
}
"""By what makes it hostile."""


def read_all(text: str, meaning: str, directory: Directory) -> None:
    """Read a file with one row that has such a text for `meaning`, and a name."""
    row = {"name": "Embassy of Kenya", "country": "Canada", "sending_country": "Kenya"}
    data = json.dumps([row | {meaning: text}] * 2).encode()
    opened, table = read_list(data)
    assert table is not None
    named = {"name": "name:en"} if directory is Directory.MISSIONS else {}
    mapping = [named.get(name, name) for name in table.columns]
    source = ImportSource(directory, opened, table)
    source.unknown_countries(mapping, [])
    list(
        source.readings(ImportChoices(mapping=mapping), today=date(2026, 11, 27), languages=("en",))
    )


@pytest.mark.parametrize("directory", Directory)
def test_a_cell_of_hostile_size_takes_less_than_a_second(directory: Directory) -> None:
    for meaning in MEANINGS[directory]:
        for what, text in _HOSTILE.items():
            cell = text[:LONGEST_CELL]
            assert seconds_of(partial(read_all, cell, meaning, directory)) < 1, (meaning, what)


@pytest.mark.parametrize("what", _HOSTILE)
def test_longer_cells_are_refused_whatever_the_file(what: str) -> None:
    text = _HOSTILE[what]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["name", "town"])
        sheet.write_string(1, 0, "Ana")
        sheet.write_string(1, 1, text[:32_000])
    name = text.replace("\n", " ").replace(",", "\\,").replace(";", "\\;")
    card = f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{name}\r\nEND:VCARD\r\n"
    files = (
        json.dumps([{"name": "Ana", "town": text}]).encode(),
        ('name,town\nAna,"' + text[:130_000] + '"\n').encode(),
        card.encode(),
        book.getvalue(),
    )
    for data in files:
        _opened, table = read_list(data)
        assert table is not None
        assert [problem.fault.values["limit"] for problem in table.problems] == [LONGEST_CELL]
        assert not table.rows
        assert seconds_of(partial(read_list, data)) < 1
    with pytest.raises(UnreadableFile, match="20000 characters"):
        read_list(json.dumps({"persons": [{"name": text}]}).encode())


@pytest.mark.parametrize("what", _HOSTILE)
def test_a_cell_of_a_signature_takes_less_than_a_second(what: str) -> None:
    text = _HOSTILE[what][:LONGEST_CELL]
    for meaning in read_file.MEANINGS:
        data = {"family_name": "Ruiz", "locality": "Hull", meaning: text}
        table = Table(list(data), [(2, list(data.values()))])
        columns = dict(enumerate(data))
        assert seconds_of(partial(read_file.read_table, table, columns, "CA")) < 1, meaning
