"""Where a signature came from: kept sealed for some weeks, and as marks by which floods show.

A mark is a keyed hash of an address, a network, a mail domain or a browser: equal ones are counted
and found without opening anybody's row, and tell nothing to who has the database alone.
"""

import ipaddress
from dataclasses import dataclass
from functools import lru_cache

from flask import Request

from campaign.core.sealing import Keyring

_MARK_BYTES = 16
_AGENT_LIMIT = 300
_BREAK = "\n"


@dataclass(frozen=True, slots=True)
class Trace:
    address: str = ""  # An IPv4 address, or the /64 of an IPv6 one: who has one has them all
    network: str = ""
    """The /24 of the one, the /48 of the other: what one customer of a provider has."""
    agent: str = ""  # How the browser names itself

    @property
    def text(self) -> str | None:
        return _BREAK.join((self.address, self.agent)) if self.address or self.agent else None


def trace_of(request: Request) -> Trace:
    return make_trace(request.remote_addr or "", request.user_agent.string)


def make_trace(address: str, agent: str) -> Trace:
    """Make a trace of what a connection and a browser say; what is no address counts as none."""
    place, network = places_of(address)
    tidy = agent[:_AGENT_LIMIT]
    if not tidy.isprintable():
        tidy = "".join(character if character.isprintable() else " " for character in tidy)
    return Trace(place, network, " ".join(tidy.split()))


def places_of(address: str) -> tuple[str, str]:
    """Return what counts as one address, and the network around it; "" where it is none."""
    # By hand where it is plain: signing waits for this.
    parts = address.split(".")
    if len(parts) == 4 and all(
        part.isascii() and part.isdigit() and len(part) < 4 for part in parts
    ):
        return address, f"{parts[0]}.{parts[1]}.{parts[2]}.0/24"
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "", ""
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return places_of(str(parsed.ipv4_mapped))
        networks = [ipaddress.ip_network((parsed, size), strict=False) for size in (64, 48)]
        return str(networks[0]), str(networks[1])
    return places_of(str(parsed))


def parse_trace(text: str | None) -> Trace:
    address, _, agent = (text or "").partition(_BREAK)
    return make_trace(address.partition("/")[0], agent)


def domain_of(email: str) -> str:
    return email.rpartition("@")[2].strip().rstrip(".").casefold()


def mark(keyring: Keyring, kind: str, value: str) -> bytes | None:
    """Make the mark of a value; None of "". `kind`: address, network, domain or agent."""
    return keyring.fingerprint(value, f"trace-{kind}", _MARK_BYTES) if value else None


def marks_of(keyring: Keyring, trace: Trace, email: str) -> dict[str, bytes | None]:
    return {
        "address_mark": mark(keyring, "address", trace.address),
        "network_mark": mark(keyring, "network", trace.network),
        "domain_mark": _common_mark(keyring, "domain", domain_of(email)),
        "agent_mark": _common_mark(keyring, "agent", trace.agent),
    }


@lru_cache(maxsize=2000)
def _common_mark(keyring: Keyring, kind: str, value: str) -> bytes | None:
    return mark(keyring, kind, value)


FORGOTTEN: dict[str, object] = {
    "trace": None,
    "address_mark": None,
    "network_mark": None,
    "agent_mark": None,
}  # What goes with a trace. The domain's mark tells no more than the address that is kept with it.
