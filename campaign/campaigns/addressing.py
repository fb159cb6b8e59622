"""To whom and through whom the letters of a campaign go. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

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
) -> Addressing:
    """How a letter in `locale` to `target` is addressed.

    Through a mission: the official, then the mission and its address, so that the same letter can
    be handed over, or posted in a window envelope. Otherwise the official's own address, with the
    country where it is not the host country, in Latin letters. `through` stands for the target's
    own mission.
    """
    official, mission = target.official, through or target.mission
    office = i18n.words_in(official.office, locale)
    head = [line for line in (official.name, office) if line]
    if mission is not None:
        place, country = mission, mission.host_country
        head.append(i18n.words_in(mission.name, locale))
    else:
        place, country = official, official.country  # type: ignore[assignment]
    lines = address_lines(
        country=country,
        street=place.address,
        locality=place.locality,
        region=place.region,
        postal_code=place.postal_code,
        country_name="" if country == host_country else _abroad(country, locale, host_country),
    )
    return Addressing(
        official_name=official.name,
        official_office=office,
        salutation=i18n.words_in(official.salutation, locale),
        close=i18n.words_in(official.close, locale),
        lines=(*head, *lines),
        copies=tuple(name_and_office(copy, locale) for copy in copies),
    )


def _abroad(country: str, locale: str, host_country: str) -> str:
    """A country as the letter says it, as long as the post of `host_country` can read that."""
    name = i18n.country_name(country, locale)
    return name if i18n.is_latin(name) else i18n.country_for_post(country, locale, host_country)


def name_and_office(official: Official, locale: str) -> str:
    """An official in one line: "Jane Doe, Governor of Somewhere"."""
    office = i18n.words_in(official.office, locale)
    return i18n.comma(locale).join(part for part in (official.name, office) if part)
