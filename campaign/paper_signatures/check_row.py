"""What a row of a sheet says, tidied or found wrong; and the ditto mark. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from campaign.core.text.person_names import full_name
from campaign.directory.postal_addresses import formatted_code
from campaign.models.signature import Disclosure
from campaign.signing.address import check_address
from campaign.signing.clean_text import Problem, check_line
from campaign.signing.validate import (
    EMAIL_LIMIT,
    NAME_LIMIT,
    PLACE_LIMIT,
    POSTAL_CODE_LIMIT,
    Problems,
    check_country,
    check_email,
    check_has_letter,
    check_no_link,
    is_ticked,
)

FIELDS = ("given_name", "family_name", "locality", "postal_code", "country", "email")
"""In the order in which a sheet has them; a row that names somebody has a given or family name."""
PERSON = ("given_name", "family_name", "locality", "region", "postal_code", "country")
TICKS = ("news", "network")
DITTO = frozenset({'"', "''", "”", "“", "〃", "″", "»"})  # what means: as in the row above
_LIMITS = {
    "given_name": NAME_LIMIT,
    "family_name": NAME_LIMIT,
    "locality": PLACE_LIMIT,
    "region": PLACE_LIMIT,
    "postal_code": POSTAL_CODE_LIMIT,
    "country": 2,
    "email": EMAIL_LIMIT,
}


@dataclass(frozen=True, slots=True)
class Details:
    given_name: str
    family_name: str
    locality: str
    postal_code: str
    country: str
    email: str = ""
    region: str = ""
    news: bool = False
    network: bool = False
    keyed_at: str = field(default="", compare=False)
    """Of a row taken out: its `PaperRow.keyed_at` before, which it has again once it is back."""
    news_stopped_at: str = field(default="", compare=False)
    """Of a row that is no signature: its `Signature.news_stopped_at`, that no tick undoes."""

    @property
    def name(self) -> str:
        return full_name(self.given_name, self.family_name)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def of_json(cls, text: str) -> "Details":
        return cls(**json.loads(text))


def is_blank(values: Mapping[str, str]) -> bool:
    """Tell whether nobody was keyed in: what is carried over is not enough."""
    typed = ("given_name", "family_name", "postal_code", "email")
    return not any(values.get(name, "").strip() for name in typed)


def replace_dittos(values: Mapping[str, str], above: Mapping[str, str]) -> dict[str, str]:
    return {
        name: above.get(name, "") if value.strip() in DITTO else value
        for name, value in values.items()
    }


def check_row(values: Mapping[str, str]) -> tuple[Details | None, Problems]:
    """Return the row; or None, and what is wrong with it by field."""
    problems: Problems = {}
    tidy: dict[str, str] = {}
    for name, limit in _LIMITS.items():
        line = check_line(values.get(name, ""), limit=limit)
        if isinstance(line, Problem):
            problems[name] = line
        else:
            tidy[name] = line
    if not problems and not (tidy["given_name"] or tidy["family_name"]):
        problems["given_name"] = Problem("give-name")
    for name in ("given_name", "family_name", "locality"):
        if problem := check_has_letter(tidy.get(name, "")) or check_no_link(tidy.get(name, "")):
            problems.setdefault(name, problem)
    news, network = is_ticked(values.get("news", "")), is_ticked(values.get("network", ""))
    _check_place(tidy, problems)
    _check_email(tidy, problems, needed=news or network)
    if problems:
        return None, problems
    return Details(**tidy, news=news, network=network), {}


def _check_place(tidy: dict[str, str], problems: Problems) -> None:
    if "country" in tidy and (problem := check_country(tidy["country"])):
        problems["country"] = problem
    if problems.keys() & {"country", "locality", "region", "postal_code"}:
        return
    tidy["postal_code"] = formatted_code(tidy["country"], tidy["postal_code"])
    if not tidy["locality"] and not tidy["postal_code"]:
        problems["locality"] = Problem("place-missing")
        return
    problems.update(
        check_address(
            country=tidy["country"],
            locality=tidy["locality"],
            region=tidy["region"],
            postal_code=tidy["postal_code"],
            disclosure=Disclosure.TOWN,
        )
    )


def _check_email(tidy: Mapping[str, str], problems: Problems, *, needed: bool) -> None:
    address = tidy.get("email", "")
    if address and (problem := check_email(address)):
        problems["email"] = problem
    elif needed and not address and "email" not in problems:
        problems["email"] = Problem("news-needs-email")
