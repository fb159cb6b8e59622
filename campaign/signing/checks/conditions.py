"""Conditions by which false signatures are found: all kinds at once, any value of each."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from campaign.core.sealing import Keyring
from campaign.core.text.fold import fold
from campaign.signing.checks.origin import domain_of, mark, parse_trace, places_of
from campaign.signing.checks.similar import are_alike, bands_of

MOST_VALUES = 200
_ANY = "*"


@dataclass(frozen=True)
class Conditions:
    domains: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()  # Whole, or with `*` for any characters
    since: datetime | None = None
    until: datetime | None = None  # The first moment that is too late
    name: str = ""  # A whole name with `*` for any characters, in any case and without accents
    similar_to: str = ""
    unconfirmed: bool = False  # Only those whose writers have not confirmed them

    @property
    def are_empty(self) -> bool:
        return not any(
            getattr(self, field.name) for field in fields(self) if field.name != "unconfirmed"
        )

    @property
    def tell_who(self) -> bool:
        """Whether they say who is meant: time alone, or `*` alone, means everybody who comes."""
        kinds = (self.domains, self.networks, self.addresses, self.similar_to)
        agents = bool(self.agents) and all(map(_narrows, self.agents))
        return any(kinds) or _narrows(self.name) or agents

    def to_json(self) -> str:
        return json.dumps(asdict(self), default=lambda moment: moment.isoformat())

    @classmethod
    def from_json(cls, text: str) -> "Conditions":
        stored: Mapping[str, Any] = json.loads(text)
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in stored.items()
        }
        for name in ("since", "until"):
            values[name] = datetime.fromisoformat(stored[name]) if stored.get(name) else None
        return cls(**values)

    def marks(self, keyring: Keyring) -> dict[str, list[bytes]]:
        """Return the marks of which a signature has one, by its column; none where any will do."""
        exact = tuple(value for value in self.agents if _ANY not in value)
        values = {
            "address": self.addresses,
            "network": self.networks,
            "domain": self.domains,
            "agent": exact if len(exact) == len(self.agents) else (),
        }
        return {
            f"{kind}_mark": [digest for value in given if (digest := mark(keyring, kind, value))]
            for kind, given in values.items()
            if given
        }

    @property
    def reads(self) -> bool:
        return bool(self.name or self.similar_to or any(_ANY in agent for agent in self.agents))

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return pattern_of(self.name)

    def fit_name(self, name: str) -> bool:
        return not self.name or bool(self._pattern.fullmatch(" ".join(fold(name).split())))

    def fit_origin(self, email: str, trace: str | None) -> bool:
        if self.domains and domain_of(email) not in self.domains:
            return False
        if not (self.addresses or self.networks or self.agents):
            return True
        origin = parse_trace(trace)
        return (
            (not self.addresses or origin.address in self.addresses)
            and (not self.networks or origin.network in self.networks)
            and (
                not self.agents
                or any(_agent_fits(pattern, origin.agent) for pattern in self.agents)
            )
        )

    def fit_words(self, text: str, keyring: Keyring) -> bool:
        if not self.similar_to:
            return True
        bands = wanted_bands(self.similar_to, keyring)
        return are_alike(bands, bands_of(text, keyring))

    def spare(self, signed_at: datetime) -> bool:
        """Tell whether a confirmed letter of that moment was left out on purpose."""
        return self.unconfirmed or not self.fit_time(signed_at)

    def fit_time(self, signed_at: datetime) -> bool:
        early = self.since is not None and signed_at < self.since
        late = self.until is not None and signed_at >= self.until
        return not early and not late

    def fit_newcomer(
        self, *, name: str, email: str, trace: str | None, text: str, keyring: Keyring
    ) -> bool:
        """Tell whether one that comes only now is meant too; nobody, if they do not tell who is."""
        return (
            self.tell_who
            and self.fit_origin(email, trace)
            and self.fit_name(name)
            and self.fit_words(text, keyring)
        )


@lru_cache(maxsize=50)
def wanted_bands(text: str, keyring: Keyring) -> tuple[int, ...]:
    return bands_of(text, keyring)


@lru_cache(maxsize=200)
def pattern_of(text: str) -> re.Pattern[str]:
    parts = " ".join(fold(text).split()).split(_ANY)
    return re.compile(".*".join(map(re.escape, parts)))


def _narrows(pattern: str) -> bool:
    return bool(fold(pattern).replace(_ANY, "").strip())


def _agent_fits(pattern: str, agent: str) -> bool:
    if _ANY not in pattern:
        return pattern == agent
    return bool(pattern_of(pattern).fullmatch(" ".join(fold(agent).split())))


def tidy_network(text: str) -> str | None:
    """Return the /24 or /48 around what was typed; None where it is no address."""
    address = text.strip().partition("/")[0]
    return places_of(address)[1] or None


def tidy_address(text: str) -> str | None:
    """Return an address as it is kept; of an IPv6 one its /64."""
    return places_of(text.strip().partition("/")[0])[0] or None


def tidy_domain(text: str) -> str | None:
    """Return a mail domain, also of a whole address, or with `@` before it."""
    domain = domain_of(text.strip().lstrip("@"))
    return domain if "." in domain and not re.search(r"[\s/,;]", domain) else None
