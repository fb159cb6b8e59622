"""What figures say of counts."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from campaign.dashboard.read_figures import (
    DELAYS,
    LATER,
    Figures,
    add_counts,
    delay_of,
    fill_days,
    key_of,
)
from campaign.directory.postal_addresses import region_code, region_name

KEYS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50))


@given(KEYS, KEYS, KEYS)
def test_sums_follow_blocks_whatever_changes(
    rest: dict[str, int], before: dict[str, int], after: dict[str, int]
) -> None:
    change = Counter(after)
    change.subtract(before)
    total = add_counts(Counter(rest), before)
    assert add_counts(total, change) == add_counts(Counter(rest), after)


def test_a_delay_is_kept_as_the_first_that_holds_it() -> None:
    assert delay_of(timedelta(seconds=-3)) == DELAYS[0]
    assert delay_of(timedelta(minutes=5)) == 5
    assert delay_of(timedelta(minutes=5, seconds=1)) == 15
    assert delay_of(timedelta(days=8)) == LATER


def test_half_within_is_never_said_of_less_than_half() -> None:
    figures = Figures({key_of("delay", 1): 4, key_of("delay", 60): 2, key_of("delay", LATER): 6})
    assert figures.half_within() == 60
    assert Figures({key_of("delay", 1): 4, key_of("delay", LATER): 5}).half_within() is None
    assert Figures({}).half_within() is None


def test_days_without_signatures_are_there_as_well() -> None:
    first = date(2026, 3, 1)
    days = dict(fill_days({first: 2}, first, first + timedelta(days=2)))
    assert list(days.values()) == [2, 0, 0]


def test_regions_are_found_by_any_of_their_names() -> None:
    for typed in ("QC", "quebec", "Québec", " QUÉBEC "):
        assert region_code("CA", typed) == "QC"
    assert region_code("CA", "12 Hidden Lane") == region_code("", "QC") == ""
    assert region_name("CA", "QC", "fr") == "Québec"
    assert region_name("JP", region_code("JP", "Tokyo"), "en") == "Tokyo"
    assert region_name("CA", "??", "en") == "??"
