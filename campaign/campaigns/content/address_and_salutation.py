"""To whom and through whom the letters of a campaign go."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from babel.languages import get_official_languages

from campaign.core import i18n
from campaign.core.settings import home_country
from campaign.directory.entry_fields import address_parts_of
from campaign.directory.postal_addresses import address_form, address_lines, address_problems
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.models.directory import Mission, Official


@dataclass(frozen=True, slots=True)
class Addressing:
    """To whom and through whom a letter goes, in one language; frozen with a bundle."""

    official_name: str
    official_office: str
    salutation: str
    close: str
    lines: tuple[str, ...]
    copies: tuple[str, ...] = ()
    copied_since: tuple[str, ...] = ()
    """Of each copy when letters that name it were signed, as `say_copied`; "" or none: all do."""

    def signed_at(self, *moments: datetime) -> "Addressing":
        """Return it for letters of these moments: without copies that none of them names.

        Of a copy that all of them name, no moment is left.
        """
        if not any(self.copied_since):
            return self
        named = {}
        for copy, since in zip(self.copies, self.copied_since, strict=True):
            letters = [is_copied(since, moment) for moment in moments]
            if any(letters):
                named[copy] = "" if all(letters) else since
        return replace(self, copies=tuple(named), copied_since=tuple(named.values()))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Addressing":
        since = tuple(data.get("copied_since", ()))
        texts = {name: tuple(data[name]) for name in ("lines", "copies")}
        return cls(**{**data, **texts, "copied_since": since})


def addressing_of(
    target: Target,
    locale: str,
    *,
    host_country: str,
    copies: Sequence[Target] = (),
    through: Mission | Official | None = None,
    posted_in: str | None = None,
) -> Addressing:
    """How a letter in `locale` to `target` is addressed.

    Through a mission: the official, then the mission and its address, so that the same letter can
    be handed over, or posted in a window envelope. The country is named where it is another than
    the one of posting: `posted_in`, else the organisation's of a mission, else the host country.
    `through` stands for the target's own way: another mission, or by post the official.
    """
    official, way = target.official, through or target.mission or target.official
    posted_in = posted_in or (home_country() if isinstance(way, Mission) else "") or host_country
    return Addressing(
        official_name=official.name,
        official_office=i18n.words_in(official.office, locale),
        salutation=i18n.words_in(official.salutation, locale),
        close=i18n.words_in(official.close, locale),
        lines=_lines(official, way, locale, posted_in),
        copies=tuple(name_and_office(copy.official, locale) for copy in copies),
        copied_since=tuple(map(say_copied, copies)),
    )


def say_copied(copy: Target) -> str:
    """Say when people signed that it receives a copy: "since/removed since" (ISO 8601); "": always.

    A first time without a beginning begins with the opening, the last one has no end.
    """
    if copy.copied_since is None:
        return ""
    past = [each for each in copy.campaign.past_copies if each.official_id == copy.official_id]
    times = [(each.copied_since, f"/{each.removed_at.isoformat()}") for each in past]
    return " ".join(
        f"{since.isoformat() if since else ''}{end}"
        for since, end in (*times, (copy.copied_since, ""))
    )


def is_copied(times: str, signed_at: datetime) -> bool:
    """Tell whether a letter of that moment names a copy of these times (`say_copied`). Pure."""
    return not times or any(
        (since is None or since <= signed_at) and (end is None or signed_at < end)
        for since, end in _read_periods(times)
    )


@lru_cache(maxsize=64)
def _read_periods(times: str) -> list[tuple[datetime | None, datetime | None]]:
    ends = (period.partition("/")[::2] for period in times.split())
    return [(_read_moment(since), _read_moment(end)) for since, end in ends]


def _read_moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def official_lines(official: Official, locale: str, *, host_country: str) -> tuple[str, ...]:
    return _lines(official, official, locale, host_country)


def list_addressed(campaign: Campaign) -> list[Target]:
    """Those whom the letters themselves go to; others get a copy."""
    return [target for target in campaign.targets if target.kind is TargetKind.TO]


def list_copies(campaign: Campaign) -> list[Target]:
    return [target for target in campaign.targets if target.kind is TargetKind.COPY]


def host_of(target: Target) -> str:
    """The country on whose paper letters to a target are printed; by post the organisation's."""
    return target.mission.host_country if target.mission else home_country()


def goes_by_post(campaign: Campaign) -> bool:
    ways = [target.mission for target in list_addressed(campaign)]
    return bool(ways) and not any(ways)


def missing_of_address(official: Official) -> list[str]:
    """`street`, `locality`: what an address lacks. Singapore, for one, asks for no town."""
    street = any(line.strip() for line in official.address)
    form = address_form(official.country)
    townless = form is not None and "locality" not in form.required
    town = townless or official.locality.strip()
    return [name for name, there in (("street", street), ("locality", town)) if not there]


def doubtful_of_address(official: Official) -> list[str]:
    """What the post of the country would expect besides; letters may arrive without it."""
    problems = address_problems(**address_parts_of(official))
    return [finding.field for finding in problems if finding.slug == "missing"]


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


def _lines(
    official: Official, way: Mission | Official, locale: str, posted_in: str
) -> tuple[str, ...]:
    head = [official.name, i18n.words_in(official.office, locale)]
    if isinstance(way, Mission):
        head.append(i18n.words_in(way.name, locale))
    parts = address_parts_of(way)
    country_name = country_line(parts["country"], locale, posted_in)
    return (*filter(None, head), *address_lines(**parts, country_name=country_name))


def name_and_office(official: Official, locale: str) -> str:
    """An official in one line: "Jane Doe, Governor of Somewhere"."""
    office = i18n.words_in(official.office, locale)
    return i18n.comma(locale).join(part for part in (official.name, office) if part)
