"""Addresses in the order of their country, and what looks wrong about one."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.i18n import countries
from campaign.directory.postal_addresses import address_lines, address_problems, formatted_code

ALL = [code for code, _ in countries("en")]


def lines(country: str, **parts: object) -> tuple[str, ...]:
    facts = {"street": ("1 Sample Street",), "locality": "", "region": "", "postal_code": ""}
    return address_lines(country=country, **(facts | parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("country", "parts", "wanted"),
    [
        ("CA", ("Ottawa", "ON", "K1P 1A4"), ("Ottawa ON K1P 1A4",)),
        ("MX", ("Mérida", "Yucatán", "97000"), ("97000 Mérida, Yucatán",)),
        ("US", ("Washington", "DC", "20008"), ("Washington, DC 20008",)),
        ("FR", ("Paris", "", "75116"), ("75116 Paris",)),
        ("CH", ("Bern", "", "3000"), ("CH-3000 Bern",)),
        ("CH", ("Bern", "", "CH-3000"), ("CH-3000 Bern",)),
        ("GB", ("London", "", "SW1X 7HR"), ("London", "SW1X 7HR")),
        ("KE", ("Nairobi", "", "00100"), ("Nairobi", "00100")),
        ("SG", ("Singapore", "", "048423"), ("SINGAPORE 048423",)),
        ("AE", ("Abu Dhabi", "", ""), ("Abu Dhabi",)),
        ("BR", ("Brasília", "DF", ""), ("Brasília-DF",)),
    ],
)
def test_an_address_stands_in_the_order_of_its_country(
    country: str, parts: tuple[str, str, str], wanted: tuple[str, ...]
) -> None:
    locality, region, code = parts
    shown = lines(country, locality=locality, region=region, postal_code=code)
    assert shown == ("1 Sample Street", *wanted)


def test_tokyo_is_printed_though_japans_order_has_no_place_for_a_city() -> None:
    assert lines("JP", locality="Tokyo", postal_code="102-0083") == (
        "1 Sample Street, Tokyo",
        "102-0083",
    )
    assert lines("JP", locality="Minato", region="Tokyo", postal_code="105-0001") == (
        "1 Sample Street",
        "Minato, Tokyo",
        "105-0001",
    )


@pytest.mark.parametrize(("country", "city"), [("CA", "Ottawa"), ("MX", ""), ("CH", "Bern")])
def test_a_missing_part_leaves_no_comma_and_no_prefix_behind(country: str, city: str) -> None:
    for region, code in product(("", "Somewhere"), ("", "12345")):
        for line in lines(country, locality=city, region=region, postal_code=code):
            assert line == line.strip(" ,-/")
            assert ", ," not in line
            assert "  " not in line
            assert line != "CH"


def test_the_country_comes_last_and_once() -> None:
    assert lines("KE", locality="Nairobi", country_name="Kenya")[-1] == "Kenya"
    assert lines("SG", locality="Singapore", country_name="Singapore")[1:] == ("SINGAPORE",)


def test_an_unknown_country_gets_a_plain_order() -> None:
    assert lines("ZZ", locality="Place", postal_code="1") == ("1 Sample Street", "1 Place")


@given(
    country=st.sampled_from(ALL),
    locality=st.sampled_from(["", "Qertown"]),
    code=st.sampled_from(["", "99Q"]),
    street=st.sampled_from([(), ("Q Road 5",), ("Q House", "", "Q Road 5")]),
)
def test_nothing_that_was_typed_is_lost_in_any_country(
    country: str, locality: str, code: str, street: tuple[str, ...]
) -> None:
    shown = lines(country, street=street, locality=locality, postal_code=code)
    text = "\n".join(shown)
    assert all(shown), "no empty line"
    for typed in filter(None, (locality, code, *street)):
        assert typed in text


def problems(country: str, **parts: object) -> dict[str, tuple[str, bool]]:
    facts = {"street": ["1 Sample Street"], "locality": "Town", "region": "", "postal_code": ""}
    faults = address_problems(country=country, **(facts | parts))  # type: ignore[arg-type]
    return {fault.field: (fault.slug, fault.certain) for fault in faults}


def test_a_code_of_the_wrong_form_is_certainly_wrong() -> None:
    faults = problems("CA", locality="Ottawa", region="ON", postal_code="97000")
    assert faults == {"postal_code": ("wrong-code", True)}


def test_a_code_of_another_region_is_only_doubted() -> None:
    faults = problems("CA", locality="Ottawa", region="ON", postal_code="V8X 3X4")
    assert faults == {"postal_code": ("code-elsewhere", False)}


def test_a_missing_code_and_an_unknown_region_are_only_doubted() -> None:
    faults = problems("MX", region="Altamar")
    assert faults == {"postal_code": ("missing", False), "region": ("unknown-region", False)}


@pytest.mark.parametrize("code", ["k1p 1a4", "K1P1A4"])
def test_small_letters_and_a_missing_space_are_no_problem(code: str) -> None:
    assert problems("CA", locality="Ottawa", region="Ontario", postal_code=code) == {}


def test_nothing_is_said_about_an_unknown_country() -> None:
    assert problems("ZZ", postal_code="?") == {}


@pytest.mark.parametrize(
    ("country", "typed", "written"),
    [
        ("CA", "k1a0b1", "K1A 0B1"),
        ("CA", "K1A  0b1", "K1A 0B1"),
        ("CA", "k1a-0b1", "K1A 0B1"),
        ("GB", "sw1a1aa", "SW1A 1AA"),
        ("GB", "m2 5bq", "M2 5BQ"),
        ("NL", "1234ab", "1234 AB"),
        ("IE", "a65f4e2", "A65 F4E2"),
        ("PT", "2725079", "2725-079"),
        ("US", "221621010", "22162-1010"),
        ("US", "95014", "95014"),
        ("JP", "1540023", "1540023"),
        ("CH", "ch-8000", "CH-8000"),
        ("FR", "75 001", "75 001"),
        ("CA", "97000", "97000"),
        ("ZZ", " a1 ", "a1"),
        ("CA", "", ""),
    ],
)
def test_a_code_is_written_as_its_country_writes_it(country: str, typed: str, written: str) -> None:
    assert formatted_code(country, typed) == written


@given(
    st.sampled_from(["CA", "GB", "JP", "BR", "PL", "SE", "CH", "US"]),
    st.text("0aB1-  ", max_size=9),
)
def test_written_twice_it_stays_and_no_sign_is_lost(country: str, typed: str) -> None:
    once = formatted_code(country, typed)
    assert formatted_code(country, once) == once
    letters = [[sign for sign in code.upper() if sign.isalnum()] for code in (typed, once)]
    assert letters[0] == letters[1]
