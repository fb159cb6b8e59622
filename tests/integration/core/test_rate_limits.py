"""Counts in the database: of a network, and of the one around it."""

import pytest
from sqlalchemy.orm import Session

from campaign.core.errors import TooMany
from campaign.core.rate_limits import (
    WIDER_BUDGET,
    Networks,
    count_from_networks,
    forget_count_from_networks,
    networks_of,
    read_count_from_networks,
)


def _of(number: int) -> Networks:
    return networks_of(f"2001:db8:7:{number:x}::1")


@pytest.mark.both_engines
def test_each_network_has_its_budget_and_all_around_it_a_larger_one(session: Session) -> None:
    for number in range(WIDER_BUDGET):
        for _ in range(2):
            count_from_networks(session, "try", _of(number), 2)
    with pytest.raises(TooMany):
        count_from_networks(session, "try", _of(99), 2)
    count_from_networks(session, "try", networks_of("2001:db8:8::1"), 2)
    count_from_networks(session, "other", _of(99), 2)


@pytest.mark.both_engines
def test_who_is_refused_takes_nothing_from_the_neighbours(session: Session) -> None:
    for _ in range(2):
        count_from_networks(session, "try", _of(1), 2)
    for _ in range(2 * WIDER_BUDGET):
        with pytest.raises(TooMany):
            count_from_networks(session, "try", _of(1), 2)
    assert count_from_networks(session, "try", _of(2), 2) == 1


@pytest.mark.both_engines
def test_a_burst_that_is_spread_over_networks_counts_as_one(session: Session) -> None:
    for number in range(5 * WIDER_BUDGET):
        count = count_from_networks(session, "try", _of(number), 100)
    assert count == 5
    assert read_count_from_networks(session, "try", _of(99)) == 5
    assert read_count_from_networks(session, "try", networks_of("2001:db8:8::1")) == 0


@pytest.mark.both_engines
def test_what_is_forgotten_of_an_account_is_forgotten_in_both(session: Session) -> None:
    for number in range(WIDER_BUDGET):
        count_from_networks(session, "try", _of(number), 1, account="ada")
    forget_count_from_networks(session, "try", _of(0), account="ada")
    assert count_from_networks(session, "try", _of(0), 1, account="ada") == 1
