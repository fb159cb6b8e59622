"""To whom and through whom the letters of a campaign go."""

from dataclasses import asdict, dataclass
from typing import Any

from babel.languages import get_official_languages
from flask import current_app, has_app_context

from campaign import i18n
from campaign.campaigns.models import Target
from campaign.officials.models import Mission, Official
from campaign.officials.postal import address_lines


@dataclass(frozen=True, slots=True)
class Addressing:
    """To whom and through whom a letter goes, in one language; frozen with a bundle."""

    official_name: str
    official_office: str
    salutation: str
    close: str
    lines: tuple[str, ...]
    """What stands in the envelope's window."""
    copies: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the bundle's frozen record."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Addressing":
        """From the bundle's frozen record."""
        return cls(**{**data, "lines": tuple(data["lines"]), "copies": tuple(data["copies"])})


def addressing_of(
    target: Target,
    locale: str,
    *,
    host_country: str,
    copies: tuple[Official, ...] = (),
    through: Mission | None = None,
    posted_in: str | None = None,
) -> Addressing:
    """How a letter in `locale` to `target` is addressed.

    Through a mission: the official, then the mission and its address, so that the same letter can
    be handed over, or posted in a window envelope. Otherwise the official's own address. The
    country is named where it is another than the one where the letter is posted: `posted_in`, else
    the organisation's of a mission, else the host country. `through` stands for the target's own
    mission.
    """
    official, mission = target.official, through or target.mission
    office = i18n.words_in(official.office, locale)
    head = [line for line in (official.name, office) if line]
    if mission is not None:
        place, country = mission, mission.host_country
        posted_in = posted_in or home_country() or host_country
        head.append(i18n.words_in(mission.name, locale))
    else:
        place, country = official, official.country  # type: ignore[assignment]
    lines = address_lines(
        country=country,
        street=place.address,
        locality=place.locality,
        region=place.region,
        postal_code=place.postal_code,
        country_name=country_line(country, locale, posted_in or host_country),
    )
    return Addressing(
        official_name=official.name,
        official_office=office,
        salutation=i18n.words_in(official.salutation, locale),
        close=i18n.words_in(official.close, locale),
        lines=(*head, *lines),
        copies=tuple(name_and_office(copy, locale) for copy in copies),
    )


def home_country() -> str:
    """Return the organisation's country, from which letters are posted; empty without an app."""
    if not has_app_context():
        return ""
    return str(current_app.extensions["settings"].organisation_country)


def country_line(country: str, locale: str, posted_in: str) -> str:
    """Return the last line of an address abroad; empty where it is posted in that country.

    Postal operators read it in capitals and in a language of the country of posting (Universal
    Postal Union): that of the letter where it is one of these.
    """
    if not posted_in or country == posted_in:
        return ""
    spoken = get_official_languages(posted_in, de_facto=True) or ("en",)
    read = locale if locale.partition("-")[0] in spoken else spoken[0]
    return i18n.country_for_post(country, read, posted_in)


def name_and_office(official: Official, locale: str) -> str:
    """An official in one line: "Jane Doe, Governor of Somewhere"."""
    office = i18n.words_in(official.office, locale)
    return i18n.comma(locale).join(part for part in (official.name, office) if part)
