"""The figures of a campaign, from the counts that are kept of it. Pure.

A count is kept under a key of a kind and its parts: `day/2026-11-24/online`. Keys add up, so that
the sum of blocks is the count of the whole.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from campaign.models.signature import Origin, SignatureState

Counts = Counter[str]
"""How many, by key."""

ONLINE = Origin.ONLINE.value
_MARK = "\t"
DELAYS = (1, 5, 15, 60, 240, 1440, 4320, 10080)
"""Minutes within which a letter was confirmed; a delay is kept as the first that holds it."""
LATER = 0
"""The delay of what took longer than all of them."""


def key_of(kind: str, *parts: object) -> str:
    """The key under which something is counted."""
    return _MARK.join((kind, *map(str, parts)))


def delay_of(waited: timedelta) -> int:
    """The first of DELAYS that holds it."""
    minutes = waited.total_seconds() / 60
    return next((most for most in DELAYS if minutes <= most), LATER)


def to_json(counts: Mapping[str, int]) -> str:
    """Counts as they are kept; those that came to nothing are left out."""
    return json.dumps({key: n for key, n in counts.items() if n}, ensure_ascii=False)


def from_json(text: str) -> Counts:
    """What `to_json` was given."""
    return Counter(json.loads(text))


def added(counts: Counts, difference: Mapping[str, int]) -> Counts:
    """`counts` after a change of some; what is no more there has no key."""
    total = Counter(counts)
    for key, n in difference.items():
        total[key] += n
        if not total[key]:
            del total[key]
    return total


@dataclass(frozen=True)
class Figures:
    """The counts of one campaign, read by kind."""

    counts: Mapping[str, int]
    _kinds: dict[str, dict[tuple[str, ...], int]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        kinds: dict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
        for key, n in self.counts.items():
            kind, *parts = key.split(_MARK)
            kinds[kind][tuple(parts)] = n
        object.__setattr__(self, "_kinds", kinds)

    def of(self, kind: str) -> dict[tuple[str, ...], int]:
        """Counts of a kind by the rest of their keys."""
        return self._kinds.get(kind, {})

    def one(self, kind: str, *parts: object) -> int:
        """A single count."""
        return self.counts.get(key_of(kind, *parts), 0)

    def in_state(self, state: str, *, origin: str | None = None) -> int:
        """Signatures that stand in a state, of one origin or of all."""
        return sum(
            n
            for (one, found), n in self.of("state").items()
            if one == state and origin in {None, found}
        )

    @property
    def confirmed(self) -> int:
        """People who have written: the number that the tally gives as well."""
        return self.in_state(SignatureState.CONFIRMED)

    @property
    def origins(self) -> list[str]:
        """Where confirmed signatures came from, `online` first."""
        states = self.of("state")
        found = {origin for state, origin in states if state == SignatureState.CONFIRMED}
        return sorted(found | {ONLINE}, key=lambda one: (one != ONLINE, one))

    def days(self) -> dict[date, dict[str, int]]:
        """Confirmed signatures by day and origin, in order."""
        found: dict[date, dict[str, int]] = defaultdict(dict)
        for (day, origin), n in sorted(self.of("day").items()):
            found[date.fromisoformat(day)][origin] = n
        return dict(found)

    def daily(self) -> dict[date, int]:
        """Confirmed signatures by day."""
        return {day: sum(parts.values()) for day, parts in self.days().items()}

    def countries(self) -> dict[str, int]:
        """Confirmed signatures by country; the empty one: of people who are erased."""
        found: Counter[str] = Counter()
        for (country, _region), n in self.of("place").items():
            found[country] += n
        return dict(found)

    def regions(self, country: str) -> dict[str, int]:
        """Confirmed signatures by region; the empty one: none that the post knows."""
        return {region: n for (found, region), n in self.of("place").items() if found == country}

    def share(self, part: int, whole: int | None = None) -> float:
        """A part of the confirmed (or of `whole`), 0 to 1."""
        total = self.confirmed if whole is None else whole
        return part / total if total else 0.0

    def delays(self) -> list[tuple[int, int]]:
        """How many were confirmed within each of DELAYS (and not within the one before)."""
        return [(most, self.one("delay", most)) for most in (*DELAYS, LATER)]

    def half_within(self) -> int | None:
        """The first of DELAYS in which at least half were confirmed; None: not even so, or none."""
        rows = self.delays()
        total = sum(n for _most, n in rows)
        reached = 0
        for most, n in rows:
            reached += n
            if total and reached * 2 >= total:
                return most or None
        return None

    def letters(self, target_id: int, what: str = "all") -> int:
        """Confirmed letters to a target: `all`, or those that are `waiting` or set `aside`.

        Or those that are `never` printed: nobody knows any more whose they are.
        """
        return self.one("target", target_id, what)

    @property
    def waiting(self) -> int:
        """Letters that wait to be printed."""
        return sum(n for (_target, what), n in self.of("target").items() if what == "waiting")


def filled(days: Mapping[date, int], first: date, last: date) -> Iterator[tuple[date, int]]:
    """Every day from `first` to `last`, also those on which nothing happened."""
    day = first
    while day <= last:
        yield day, days.get(day, 0)
        day += timedelta(days=1)
