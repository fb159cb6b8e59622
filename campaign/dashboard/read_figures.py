"""The figures of a campaign, from the counts that are kept of it. Pure.

A count is kept under a key of a kind and its parts: `day/2026-11-24/online`. Keys add up, so that
the sum of blocks is the count of the whole.
"""

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
    """Return the key under which something is counted."""
    return _MARK.join((kind, *map(str, parts)))


def delay_of(waited: timedelta) -> int:
    """Return the first of DELAYS, in minutes, that holds it."""
    minutes = waited.total_seconds() / 60
    return next((most for most in DELAYS if minutes <= most), LATER)


def add_counts(counts: Mapping[str, int], difference: Mapping[str, int]) -> Counts:
    """Return `counts` after a change of some; what is no more there has no key."""
    total = Counter(counts)
    total.update(difference)
    return Counter({key: n for key, n in total.items() if n})


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
        """Return counts of a kind by the rest of their keys."""
        return self._kinds.get(kind, {})

    def count(self, kind: str, *parts: object) -> int:
        return self.counts.get(key_of(kind, *parts), 0)

    def in_state(self, state: str, *, origin: str | None = None) -> int:
        return sum(
            n
            for (its_state, its_origin), n in self.of("state").items()
            if its_state == state and origin in {None, its_origin}
        )

    @property
    def confirmed(self) -> int:
        """Count people who have written: the number that the tally gives as well."""
        return self.in_state(SignatureState.CONFIRMED)

    @property
    def origins(self) -> list[str]:
        """List where confirmed signatures came from, `online` first."""
        states = self.of("state")
        origins = {origin for state, origin in states if state == SignatureState.CONFIRMED}
        return sorted(origins | {ONLINE}, key=lambda origin: (origin != ONLINE, origin))

    def days(self) -> dict[date, dict[str, int]]:
        """Return confirmed signatures by day and origin, in order."""
        by_day: dict[date, dict[str, int]] = defaultdict(dict)
        for (day, origin), n in sorted(self.of("day").items()):
            by_day[date.fromisoformat(day)][origin] = n
        return dict(by_day)

    def daily(self) -> dict[date, int]:
        return {day: sum(parts.values()) for day, parts in self.days().items()}

    def countries(self) -> dict[str, int]:
        """Return confirmed signatures by country; the empty one: of people who are erased."""
        by_country: Counter[str] = Counter()
        for (country, _region), n in self.of("place").items():
            by_country[country] += n
        return dict(by_country)

    def regions(self, country: str) -> dict[str, int]:
        """Return confirmed signatures by region; the empty one: none that the post knows."""
        places = self.of("place").items()
        return {region: n for (its_country, region), n in places if its_country == country}

    def share(self, part: int, whole: int | None = None) -> float:
        """Return a part of the confirmed (or of `whole`), 0 to 1."""
        total = self.confirmed if whole is None else whole
        return part / total if total else 0.0

    def delays(self) -> list[tuple[int, int]]:
        """Return how many were confirmed within each of DELAYS (and not within the one before)."""
        return [(most, self.count("delay", most)) for most in (*DELAYS, LATER)]

    def half_within(self) -> int | None:
        """Return the first of DELAYS in which at least half were confirmed; None: not even so."""
        rows = self.delays()
        total = sum(n for _most, n in rows)
        reached = 0
        for most, n in rows:
            reached += n
            if total and reached * 2 >= total:
                return most or None
        return None

    def letters(self, target_id: int, what: str = "all") -> int:
        """Count confirmed letters to a target: `all`, or those `waiting` or set `aside`.

        Or those that are `never` printed: nobody knows any more whose they are.
        """
        return self.count("target", target_id, what)

    @property
    def waiting(self) -> int:
        return sum(n for (_target, what), n in self.of("target").items() if what == "waiting")


def fill_days(days: Mapping[date, int], first: date, last: date) -> Iterator[tuple[date, int]]:
    """Yield every day from `first` to `last`, also those on which nothing happened."""
    day = first
    while day <= last:
        yield day, days.get(day, 0)
        day += timedelta(days=1)
