"""The address that a supporter gives: the parts that the post of a country uses, in its order.

Nothing but the town is needed, unless officials see the whole address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as pgettext

from campaign.core import i18n
from campaign.core.text.fold import split_words
from campaign.directory.countries import country_codes
from campaign.directory.postal_addresses import (
    AddressRules,
    address_form,
    address_problems,
    region_code,
)
from campaign.models.signature import Disclosure
from campaign.signing.clean_text import Problem
from campaign.signing.letter.compose import Writer, sender_lines
from campaign.web.form_base import PlainForm

ANYWHERE = AddressRules(("locality", "region", "postal_code"), frozenset(), "", "", "", "", ())
"""As long as no country is chosen, or nothing is known of it."""

_HOUSE_NUMBER = re.compile(r"\d{1,5}[a-z]?")
_STREET_WORDS = {
    "street", "road", "rd", "avenue", "ave", "boulevard", "blvd", "lane", "drive", "crescent",
    "highway", "terrace", "rue", "chemin", "impasse", "allee", "quai", "calle", "avenida", "av",
    "carrera", "calzada", "paseo", "callejon", "strasse", "str", "via", "viale", "rua", "شارع",
    "طريق",
}  # fmt: skip
_REGIONS_BY_CODE = {"AU", "CA", "US"}
_STREET_ENDS = ("strasse", "straat", "gatan")  # Words for streets and ends of such, folded
_LOCALITY: Mapping[str, object] = {"suburb": _l("Suburb"), "district": _l("District or town")}
_REGION: Mapping[str, object] = {
    "area": _l("Area"),
    "county": _l("County"),
    "department": _l("Department"),
    "district": _l("District"),
    "do_si": _l("Province or city"),
    "emirate": _l("Emirate"),
    "island": _l("Island"),
    "oblast": _l("Region"),
    "parish": _l("Parish"),
    "prefecture": _l("Prefecture"),
    "province": _l("Province"),
    "state": pgettext("address", "State"),
}
_CODE: Mapping[str, object] = {
    "eircode": _l("Eircode"),
    "pin": _l("PIN code"),
    "zip": _l("ZIP code"),
}


@dataclass(frozen=True, slots=True)
class AddressPart:
    name: str
    label: str
    example: str
    choices: tuple[str, ...]
    codes: tuple[str, ...]
    in_full: bool


def list_address_parts(country: str) -> tuple[AddressPart, ...]:
    form = (address_form(country) if country else None) or ANYWHERE
    labels = {
        "locality": _LOCALITY.get(form.locality_kind, _l("City, town or village")),
        "region": _REGION.get(form.region_kind, _l("Province, state or region")),
        "postal_code": _CODE.get(form.code_kind, _l("Postal code")),
    }
    return tuple(
        AddressPart(
            name=name,
            label=str(labels[name]),
            example=form.code_example if name == "postal_code" else "",
            choices=form.regions if name == "region" else (),
            codes=tuple(map(partial(printed_region, country), form.regions))
            if name == "region"
            else (),
            in_full=name in form.required,
        )
        for name in form.order
    )


def printed_region(country: str, typed: str) -> str:
    return (country in _REGIONS_BY_CODE and region_code(country, typed)) or typed


def names_street(town: str) -> bool:
    """Tell whether it has a house number and a word for a street: "12 Main Street", "Calle 5"."""
    words = split_words(town)
    streets = (
        word in _STREET_WORDS or word.endswith(_STREET_ENDS) or (at and word == words[-1] == "st")
        for at, word in enumerate(words)
    )
    return any(map(_HOUSE_NUMBER.fullmatch, words)) and any(streets)


def check_address(
    *, country: str, locality: str, region: str, postal_code: str, disclosure: str
) -> dict[str, Problem]:
    problems: dict[str, Problem] = {}
    given = {"locality": locality, "region": region, "postal_code": postal_code}
    form = address_form(country) or ANYWHERE
    if disclosure == Disclosure.FULL:
        for name in ("region", "postal_code"):
            if name in form.required and not given[name]:
                problems[name] = Problem(f"full-needs-{name.replace('_', '-')}")
    for fault in address_problems(country=country, street=(), **given):
        if fault.certain:
            problems[fault.field] = Problem(
                "wrong-code", {"country": country, "example": fault.example}
            )
    return problems


@dataclass(frozen=True, slots=True)
class ShownAddress:
    """What officials would see of somebody: one line, its postal code apart."""

    before: str
    code: str  # The postal code as it prints; empty: they do not see one
    after: str
    invented: bool  # Whether it is of an invented person, since too little is typed yet


def make_address_samples(form: PlainForm) -> dict[str, ShownAddress]:
    typed = {
        name: (form[name].data or "").strip()
        for name in ("given_name", "family_name", "locality", "region", "postal_code", "country")
    }
    typed["region"] = printed_region(typed["country"], typed["region"])
    invented = not (
        typed["given_name"] and typed["locality"] and typed["country"] in country_codes()
    )
    person = _INVENTED if invented else typed
    return {choice.value: _sample_of(person, choice, invented) for choice in Disclosure}


def _sample_of(person: Mapping[str, str], choice: Disclosure, invented: bool) -> ShownAddress:
    writer = Writer(**person, disclosure=choice, points=())
    line = i18n.comma_between_names(i18n.locale()).join(sender_lines(writer, i18n.locale()))
    code = person["postal_code"] if choice is Disclosure.FULL else ""
    before, shown_code, after = line.rpartition(code) if code else ("", "", line)
    return ShownAddress(before, shown_code, after, invented)


_INVENTED = {
    "given_name": "Ana",
    "family_name": "Gómez",
    "locality": "Ottawa",
    "region": "ON",
    "postal_code": "K1A 0A1",
    "country": "CA",
}
