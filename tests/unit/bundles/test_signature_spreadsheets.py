"""Lists: what a spreadsheet would run is inert, and what is not disclosed is not there."""

import csv
import io
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.bundles.documents.signatures_csv import (
    COLUMNS,
    Row,
    row_for_officials,
    write_csv,
    write_xlsx,
)
from campaign.bundles.freeze.frozen_texts import Frozen, FrozenMission, FrozenOrganisation
from campaign.campaigns.content.address_and_salutation import Addressing
from campaign.core.text.inert_cells import inert
from campaign.models.signature import Disclosure
from campaign.signing.letter.compose import Case
from campaign.signing.letter.letter_facts import FrozenTarget

GOVERNOR = Addressing("Ana Ruiz", "Governor", "Dear Governor,", "Yours,", ("Ana Ruiz", "Mérida"))
FROZEN = Frozen(
    locale="en",
    frozen_on=date(2026, 5, 4),
    timezone="America/Toronto",
    layout="us-10",
    format="letter",
    campaign="ua-1-26",
    case=Case("UA 1/26", "Amara Okafor", "MX", None),
    mission=FrozenMission("embassy-1", "embassy", "Embassy", "CA", "", ("Embassy", "Ottawa")),
    organisation=FrozenOrganisation("Org", "office@example.org", "Ottawa", ()),
    targets={7: FrozenTarget("governor", {"en": "Governor"}, {"en": GOVERNOR})},
)


def row(name: str = "Noor Park", number: str = "00001") -> Row:
    return Row(number, name, "", "", "", "", date(2026, 5, 1), 7, "en", 1, 1, 1)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_a_cell_that_would_run_gets_an_apostrophe(start: str) -> None:
    assert inert(f"{start}1+1") == f"'{start}1+1"


@pytest.mark.parametrize("text", ["", "Noor", "O’Neil", "a=b", "'quoted", "00001"])
def test_other_cells_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


@given(st.text())
def test_no_cell_ever_begins_with_what_runs(text: str) -> None:
    cell = inert(text)
    assert cell.lstrip(" ")[:1] not in {"=", "+", "-", "@", "\t", "\r"}
    assert cell.replace("'", "") == text.replace("'", ""), "apostrophes alone are added"


@given(st.lists(st.text(st.characters(blacklist_categories=["Cs", "Cc"])), max_size=5))
def test_a_csv_reads_back_row_by_row(tmp_path: Path, names: list[str]) -> None:
    out = tmp_path / "signatures.csv"
    write_csv([row(name) for name in names], FROZEN, out)
    data = out.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n") == len(names) + 1
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert tuple(read[0]) == COLUMNS
    assert [cells[1] for cells in read[1:]] == [inert(name) for name in names]


def test_a_workbook_holds_texts_only(tmp_path: Path) -> None:
    out = tmp_path / "signatures.xlsx"
    names = ["=HYPERLINK(1)", "https://example.org", "12", "@SUM(A1)", "Łucja Ng"]
    created = datetime(2026, 5, 4, tzinfo=UTC)
    write_xlsx([row(name) for name in names], FROZEN, created, out)
    sheet = openpyxl.load_workbook(out).active
    cells = [sheet.cell(line, 2) for line in range(2, 7)]
    assert [cell.value for cell in cells] == names
    assert {cell.data_type for cell in cells} == {"s"}
    assert not any(cell.hyperlink for cell in cells)


@pytest.mark.parametrize(
    ("disclosure", "shown"),
    [
        (Disclosure.NAME, ("", "", "", "")),
        (Disclosure.TOWN, ("Ottawa", "", "", "CA")),
        (Disclosure.FULL, ("Ottawa", "ON", "K1A 0A1", "CA")),
    ],
)
def test_a_row_shows_what_its_supporter_discloses(
    disclosure: Disclosure, shown: tuple[str, ...]
) -> None:
    signature = SimpleNamespace(
        sequence=12,
        target_id=7,
        first_page=3,
        pages=1,
        volume=2,
        given_name="Noor",
        family_name="Park",
        locality="Ottawa",
        region="ON",
        postal_code="K1A 0A1",
        country="CA",
        disclosure=disclosure,
        letter_locale="en",
        signed_at=datetime(2026, 5, 1, 2, tzinfo=UTC),
        confirmed_at=None,
        exact_times=None,
    )
    listed = row_for_officials(signature, "America/Toronto")
    assert (listed.locality, listed.region, listed.postal_code, listed.country) == shown
    assert (listed.number, listed.name) == ("00012", "Noor Park")
    assert listed.signed_on == date(2026, 4, 30)
