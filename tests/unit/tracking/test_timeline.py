"""What a mark on a letter's way says."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest

from campaign.deliveries.attempt_order import PlacedAttempt
from campaign.deliveries.letter_outcomes import PostedEnvelope
from campaign.models.bundle import DeliveryAttempt, DeliveryOutcome, TakenLetters
from campaign.models.directory import Mission
from campaign.models.signature import Letter
from campaign.tracking.timeline import Stay, group_trips, places_of


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("45 O'Connor Street, Suite 1000", ["Embassy of Mexico, Ottawa"]),
        ("Embassy of Mexico, Ottawa", ["Embassy of Mexico, Ottawa"]),
        ("", ["Embassy of Mexico, Ottawa"]),
        ("At the back door", ["Embassy of Mexico, Ottawa", "At the back door"]),
    ],
)
def test_a_visit_names_the_mission_and_another_place_beside_it(place: str, said: list[str]) -> None:
    mission = Mission(
        name={"en": "Embassy of Mexico"},
        locality="Ottawa",
        address=["45 O'Connor Street", "Suite 1000"],
    )
    assert places_of(DeliveryAttempt(mission=mission, place=place), "en") == said


NOON = datetime(2026, 12, 4, 12, tzinfo=UTC)


def attempt(number: int, outcome: str, bundle: int = 1, **facts: Any) -> DeliveryAttempt:
    return DeliveryAttempt(
        id=number,
        bundle_id=bundle,
        outcome=DeliveryOutcome(outcome),
        messages=9,
        happened_on=date(2026, 12, 4),
        **facts,
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
    stays = [Stay(letter, 1, number, now=later is None)]
    if later is not None:
        stays.append(Stay(letter, 2, later, now=True))
    return [
        f"{one.fate.value}{f' in {one.envelope.number}' if one.envelope else ''}"
        for one in group_trips([PlacedAttempt(one, NOON) for one in attempts], stays, ranges or {})
    ]


def test_refused_and_then_accepted() -> None:
    tries = [attempt(1, "refused"), attempt(2, "accepted"), attempt(3, "refused")]
    assert way(tries, 5) == ["refused", "accepted"], "what was handed over was not there again"


def test_a_refusal_is_not_dropped_by_what_was_recorded_later_with_a_day_before_it() -> None:
    tries = [attempt(2, "posted"), attempt(1, "refused")]
    assert way(tries, 5) == ["posted", "refused"]
    tries = [attempt(1, "posted"), attempt(2, "refused")]
    assert way(tries, 5) == ["posted"], "what had gone out was not there"


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


def test_a_letter_goes_with_its_own_envelope() -> None:
    tries = [attempt(1, "refused"), attempt(2, "posted"), attempt(3, "courier")]
    ranges = {2: [PostedEnvelope(1, 1, 4, "RN 1")], 3: [PostedEnvelope(2, 5, 8, "")]}
    assert way(tries, 4, ranges) == ["refused", "posted in 1"]
    assert way(tries, 5, ranges) == ["refused", "courier in 2"]
    assert way(tries, 9, ranges) == ["refused"]


def test_a_letter_that_was_moved_keeps_what_happened_before() -> None:
    tries = [attempt(1, "refused"), attempt(2, "accepted", bundle=2)]
    assert way(tries, 5, later=1) == ["refused", "accepted"]
