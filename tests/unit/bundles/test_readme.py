"""What the README of a bundle tells who prints it, without a bundle."""

from dataclasses import replace
from datetime import date

import pytest

from campaign.bundles import file_names
from campaign.bundles.documents.packets import FileFacts, Packet
from campaign.bundles.documents.readme_text import ReadmeFacts, readme_context
from campaign.bundles.freeze.frozen_texts import Frozen
from campaign.bundles.freeze.signed_sheets import TravellingSheet
from tests.unit.bundles.test_signature_spreadsheets import FROZEN, GOVERNOR

PACKET = Packet(1, "letters-001.pdf", "0" * 64, "00001", "00010", 10, 10, {7: 10}, (), ())
MADE = [
    FileFacts(name, 1, "0" * 64, pages)
    for name, pages in (
        (file_names.COVER, 1),
        (file_names.DELIVERY_SHEET, 1),
        (file_names.CONTENTS, 1),
        (file_names.SIGNATURES_PDF, 3),
        (file_names.LABELS, 1),
    )
]
SHEET = TravellingSheet(date(2026, 5, 1), "Halifax", 2)


def told(frozen: Frozen, *sheets: TravellingSheet) -> tuple[dict[str, str], str]:
    """The facts by their label, and all steps."""
    facts = ReadmeFacts(
        "folder", 10, 0, 0, sum(sheet.people for sheet in sheets), [PACKET], "en", sheets
    )
    context = readme_context(frozen, facts, MADE)
    return {row.label: row.value for row in context.facts}, " ".join(context.printing)


def test_labels_are_named_as_they_are_bought_and_folds_as_rulers_have_them() -> None:
    letter, _steps = told(FROZEN)
    assert letter["Labels"].startswith("Avery 5160")
    assert "3⅞ in · 7½ in" in letter["Envelopes"]
    assert "us-10" not in str(letter)
    mission = replace(FROZEN.mission, host_country="GB")
    british, _steps = told(replace(FROZEN, layout="uk-dl", mission=mission))
    assert british["Labels"].startswith("Avery L7163")
    assert "105 mm · 210 mm" in british["Envelopes"]


def test_larger_labels_are_named_where_an_address_is_long() -> None:
    lines = ("Directorate of Public Prosecutions and Legal Affairs of Altamar",) * 5
    mission = replace(FROZEN.mission, lines=lines)
    letter, _steps = told(replace(FROZEN, mission=mission))
    assert letter["Labels"].startswith("Avery 5163")


def test_the_sheets_of_each_paper_are_counted() -> None:
    facts, steps = told(FROZEN)
    assert facts["Sheets for the other papers"] == (
        "cover-letter.pdf 1 · delivery-sheet.pdf 2 · contents.pdf 1 · signatures.pdf 3"
    )
    assert "Put 10 sheets into the printer for the volumes, and 7 for the other papers." in steps
    facts, _steps = told(replace(FROZEN, duplex=True))
    assert "signatures.pdf 2" in facts["Sheets for the other papers"]


def test_cards_are_cut_into_piles_and_have_no_window() -> None:
    facts, steps = told(replace(FROZEN, format="card"))
    assert "window, fold" not in facts["Envelopes"]
    assert "four piles" in steps
    assert "Fold for window" not in steps


def test_signed_sheets_that_travel_are_named_with_the_step_to_lay_them_in() -> None:
    facts, steps = told(FROZEN, SHEET)
    assert facts["Signed sheet"] == "1 May 2026 · Halifax · 2 people"
    assert "Cut the strip with the email addresses off each" in steps
    assert "strip" not in told(FROZEN)[1]


@pytest.mark.parametrize(
    ("locale", "country", "written"),
    [
        ("es", "MX", "1,270"),
        ("es", "ES", "1.270"),
        ("es", "", "1,270"),
        ("fr", "MX", "1\u00a0270"),
        ("en", "KE", "1,270"),
    ],
)
def test_numbers_are_written_as_in_the_mission_s_country(
    locale: str, country: str, written: str
) -> None:
    mission = replace(FROZEN.mission, sending_country=country)
    assert replace(FROZEN, locale=locale, mission=mission).say_number(1270) == written


def test_who_receives_a_copy_is_named_to_staff_who_send_it() -> None:
    copies = ("Jane Doe, Chief Justice", "Ombudsperson")
    words = {"en": replace(GOVERNOR, copies=copies)}
    target = replace(FROZEN.targets[7], addressing=words)
    frozen = replace(FROZEN, targets={7: target}, tells_of_copies=True)
    assert (
        "The letters say who receives a copy. Send a copy by post or email to: "
        "Jane Doe, Chief Justice; Ombudsperson" in told(frozen)[1]
    )
    for silent in (
        replace(frozen, tells_of_copies=False),  # frozen before: printed again it is the same
        replace(frozen, format="card"),
        replace(frozen, rehearsal=True),
        replace(FROZEN, tells_of_copies=True),
    ):
        assert "receives a copy" not in told(silent)[1]
