"""What a mark on a letter's way says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core import clock
from campaign.deliveries.attempt_order import PlacedAttempt, place_attempts
from campaign.deliveries.letter_outcomes import PostedEnvelope
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome, TakenLetters
from campaign.models.campaign import Campaign
from campaign.models.directory import Mission
from campaign.models.signature import Letter, Signature
from campaign.tracking.letter_trips import Stay, drop_later, group_trips
from campaign.tracking.timeline import places_of


@pytest.mark.parametrize(
    ("place", "places"),
    [
        ("45 O'Connor Street, Suite 1000", ["Embassy of Mexico, Ottawa"]),
        ("Embassy of Mexico, Ottawa", ["Embassy of Mexico, Ottawa"]),
        ("", ["Embassy of Mexico, Ottawa"]),
        ("At the back door", ["Embassy of Mexico, Ottawa", "At the back door"]),
    ],
)
def test_a_visit_names_the_mission_and_another_place_beside_it(
    place: str, places: list[str]
) -> None:
    mission = Mission(
        name={"en": "Embassy of Mexico"},
        locality="Ottawa",
        address=["45 O'Connor Street", "Suite 1000"],
    )
    assert places_of(DeliveryAttempt(mission=mission, place=place), "en") == places


TORONTO = "America/Toronto"
NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)


def attempt(number: int, outcome: str, bundle: int = 1, **facts: Any) -> DeliveryAttempt:
    return DeliveryAttempt(
        id=number,
        bundle_id=bundle,
        outcome=DeliveryOutcome(outcome),
        messages=9,
        happened_on=date(2026, 12, 4),
        **({"campaign": Campaign(timezone=TORONTO)} | facts),
    )


def way(
    attempts: Sequence[DeliveryAttempt],
    number: int,
    ranges: dict[int, list[PostedEnvelope]] | None = None,
    *,
    later: int | None = None,
) -> list[str]:
    """How one letter fared: `number` in bundle 1, and perhaps `later` in bundle 2."""
    letter = Letter(id=7)
    stays = [Stay(letter, 1, number, NOON if later is not None else None)]
    if later is not None:
        stays.append(Stay(letter, 2, later))
    return [
        f"{trip.fate.value}{f' in {trip.envelope.number}' if trip.envelope else ''}"
        for trip in group_trips(
            [PlacedAttempt(tried, NOON) for tried in attempts], stays, ranges or {}
        )
    ]


def test_refused_and_then_accepted() -> None:
    tries = [attempt(1, "refused"), attempt(2, "accepted"), attempt(3, "refused")]
    assert way(tries, 5) == ["refused", "accepted"], "what was handed over was not there again"


@pytest.mark.parametrize(("went", "refused"), [(1, 2), (2, 1)])
def test_what_had_gone_out_was_not_refused_later_whichever_was_recorded_first(
    went: int, refused: int
) -> None:
    tries = [attempt(went, "posted"), attempt(refused, "refused")]
    assert way(tries, 5) == ["posted"]
    part = attempt(went, "part", taken=[TakenLetters(first_number=1, last_number=1)])
    tries = [part, attempt(refused, "refused")]
    assert way(tries, 1) == ["accepted"]
    assert way(tries, 5) == ["refused", "refused"]


@pytest.mark.parametrize(
    ("number", "fate"), [(3, "accepted"), (5, "accepted"), (6, "refused"), (8, "accepted")]
)
def test_of_a_part_some_were_taken_and_the_others_refused(number: int, fate: str) -> None:
    taken = [
        TakenLetters(first_number=3, last_number=5),
        TakenLetters(first_number=8, last_number=8),
    ]
    assert way([attempt(1, "part", taken=taken)], number) == [fate]


def test_of_a_part_that_nobody_has_named_nothing_is_claimed() -> None:
    assert way([attempt(1, "part"), attempt(2, "left")], 3) == ["part", "left"]
    for outcome in ("refused", "stopped"):
        assert way([attempt(1, "part"), attempt(2, outcome)], 3) == ["part"]
        assert way([attempt(1, outcome), attempt(2, "part")], 3) == [outcome, "part"]
        # Of one day and without times, what was recorded after the part came after it.
        assert way([attempt(2, outcome), attempt(1, "part")], 3) == ["part"]


def test_a_letter_goes_with_its_own_envelope() -> None:
    tries = [attempt(1, "refused"), attempt(2, "posted"), attempt(3, "courier")]
    ranges = {2: [PostedEnvelope(1, 1, 4, "RN 1")], 3: [PostedEnvelope(2, 5, 8, "")]}
    assert way(tries, 4, ranges) == ["refused", "posted in 1"]
    assert way(tries, 5, ranges) == ["refused", "courier in 2"]
    assert way(tries, 9, ranges) == ["refused"]


PARTS = ("part", "named")


@given(
    recorded=st.permutations([1, 2, 3]),
    times=st.lists(st.none() | st.times(), min_size=3, max_size=3),
    sent=st.sampled_from(["posted", "courier"]),
    visit=st.sampled_from(["accepted", "left", "courier", "posted", "part", "named"]),
)
def test_a_letter_in_an_envelope_is_told_as_posted_whatever_else_happened_on_that_day(
    recorded: list[int], times: list[time | None], sent: str, visit: str
) -> None:
    """Letters 1 to 4 lie in the envelope; a refusal and a visit are of its day."""
    taken = [TakenLetters(first_number=6, last_number=6)] if visit == "named" else []
    outcomes = ["refused", sent, "part" if taken else visit]
    tries = [attempt(ident, outcome) for ident, outcome in zip(recorded, outcomes, strict=True)]
    tries[2].taken = taken
    for each, at in zip(tries, times, strict=True):
        each.happened_time = at
    placed = [place.attempt for place in place_attempts(tries, begun={}, ended={})]
    ranges = {recorded[1]: [PostedEnvelope(1, 1, 4, "")]}
    told = way(placed, 4, ranges)
    assert told[-1] == f"{sent} in 1"
    refused_before = recorded[0] < recorded[1]
    if times[0] is not None and times[1] is not None and times[0] != times[1]:
        refused_before = times[0] < times[1]
    assert told[:-1].count("refused") - refused_before in ((0, 1) if visit in PARTS else (0,))
    assert set(told[:-1]) <= {"refused"}
    assert f"{sent} in 1" not in way(placed, 6, ranges)
    assert ("accepted" if taken else visit) in way(placed, 6, ranges)


@pytest.mark.parametrize("first", [1, 2])
def test_what_a_part_took_had_left_its_envelope(first: int) -> None:
    part = attempt(first, "part", taken=[TakenLetters(first_number=2, last_number=2)])
    tries = [attempt(3 - first, "posted"), part]
    ranges = {3 - first: [PostedEnvelope(1, 1, 4, "")]}
    for order in (tries, tries[::-1]):
        assert way(order, 2, ranges) == ["accepted"]
        assert way(order, 1, ranges)[-1] == "posted in 1"


def test_a_letter_that_was_moved_keeps_what_happened_before() -> None:
    tries = [attempt(1, "refused"), attempt(2, "accepted", bundle=2)]
    assert way(tries, 5, later=1) == ["refused", "accepted"]


BEGUN = clock.moment_of(date(2026, 12, 4), time.min, TORONTO)
"""When the day began on which the letter was withdrawn."""


@pytest.mark.parametrize("set_aside", [None, "withdrawn"])
@pytest.mark.parametrize(
    ("outcome", "hours", "printed", "remade"),
    [
        ("refused", -1, "refused", "refused"),
        ("refused", 0, "", ""),
        ("refused", 15, "", ""),
        ("refused", 30, "", ""),
        ("stopped", 15, "", ""),
        ("accepted", 15, "accepted?", ""),
        ("accepted", 30, "", ""),
        ("part", 15, "part?", ""),
    ],
)
@pytest.mark.parametrize("zone", [TORONTO, "Asia/Tokyo"])
def test_of_a_withdrawn_letter_a_refusal_is_told_from_before_its_day_alone(
    outcome: str, hours: int, printed: str, remade: str, set_aside: str | None, zone: str
) -> None:
    signature = Signature(withdrawn_at=BEGUN, campaign=Campaign(timezone=TORONTO))
    letter = Letter(id=7, signature=signature, set_aside=set_aside)
    at = BEGUN + timedelta(hours=hours)
    visit = attempt(1, outcome, mission=Mission(timezone=zone), campaign=signature.campaign)
    visit.happened_on, visit.happened_time = clock.day_of(at, zone), clock.time_of(at, zone)
    trips = group_trips([PlacedAttempt(visit, at)], [Stay(letter, 1, 5)], {})
    told = [trip.fate.value + "?" * trip.doubtful for trip in drop_later(trips, signature, set())]
    assert told == [*filter(None, [remade if set_aside else printed])]
