"""An address in one line, taken apart as far as that is sure. Pure."""

import re
from dataclasses import dataclass, field

from campaign.core.text.fold import fold_name
from campaign.directory.countries import country_code
from campaign.directory.postal_addresses import code_pattern, regions_of

_LINE_LENGTH = 45  # characters of a printed line: what an envelope's window shows


@dataclass(slots=True)
class Place:
    address: list[str] = field(default_factory=list)
    locality: str = ""
    region: str = ""
    postal_code: str = ""


def parse_one_line(address: str, country: str, city: str = "", city_hint: str = "") -> Place:
    """The parts of `address`, "345 Park Avenue, New York NY 10154, USA".

    `city` is known from elsewhere; `city_hint` is its name without spaces and accents, as web
    addresses have it. Postal code, region and city are taken from the last two parts, and only
    where the city is then what `city` or the hint says; otherwise the whole text stays in the
    street lines, since a line printed twice is worse than one not taken apart.
    """
    parts = _split(address, country)
    place = _tail(parts, country, {_run(city), _run(city_hint)} - {""})
    return place or Place(_join(parts), locality=city)


def take_town(lines: list[str], country: str, town: str) -> Place | None:
    return _tail(_split("\n".join(lines), country), country, {_run(town)})


def ends_in_town(lines: list[str], country: str) -> bool:
    """Whether the last of the lines has a postal code and a town beside it."""
    parts = _split("\n".join(lines), country)
    code, left = _take_code(parts[-1].split() if parts else [], country)
    return bool(code and left)


def _split(address: str, country: str) -> list[str]:
    pieces = (piece.strip() for piece in re.split(r"[,\n|]", address))
    parts = [piece for piece in pieces if piece.strip(" .")]
    if parts:
        parts[-1] = parts[-1].strip(" .")  # the end of a sentence; "Bldg." keeps its own
    if parts and country_code(parts[-1]) == country:
        parts.pop()
    return parts


def _tail(parts: list[str], country: str, names: set[str]) -> Place | None:
    """Street and the rest, where the last two parts end in a city of one of `names`."""
    regions = {region.casefold() for region in regions_of(country)}
    for length in (1, 2, 3):
        words = " ".join(parts[-length:]).split() if len(parts) >= length else []
        code, words = _take_code(words, country)
        region = ""
        if (
            len(words) > 1
            and words[-1].casefold() in regions
            and _run(" ".join(words)) not in names
        ):
            region, words = words[-1], words[:-1]
        city = " ".join(words).strip(" -–")
        if _run(city) in names:
            return Place(_join(parts[:-length]), city, region, code)
        for at in range(1, len(words)):
            # "2234 Massachusetts Ave, NW Washington DC 20008": the street runs into the city.
            if length == 1 and _run(" ".join(words[at:])) in names:
                street = [*parts[:-1], " ".join(words[:at])]
                return Place(_join(street), " ".join(words[at:]), region, code)
    return None


def _take_code(words: list[str], country: str) -> tuple[str, list[str]]:
    pattern = code_pattern(country)
    if pattern is None:
        return "", words
    for span in (words[-2:], words[:2], words[-1:], words[:1]):
        bare = re.sub(r"^[A-Z]{1,3}-(?=\d)", "", " ".join(span))
        if span and len(words) > len(span) and pattern.fullmatch(bare.upper()):
            left = words[: -len(span)] if words[-len(span) :] == span else words[len(span) :]
            return bare, left
    return "", words


def _join(parts: list[str]) -> list[str]:
    """The parts as lines, short ones together, none longer than a window shows where it can be."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= _LINE_LENGTH:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def _run(text: str) -> str:
    return fold_name(text).replace(" ", "")
