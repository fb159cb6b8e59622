"""What a bundle's papers say that is not the supporters', gathered when it is frozen."""

from collections.abc import Collection, Mapping
from datetime import datetime

from campaign.bundles.destinations import country_of, frozen_destination
from campaign.bundles.freeze.choices import BundleChoice
from campaign.bundles.freeze.frozen_texts import Frozen, FrozenOrganisation
from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import (
    addressing_of,
    list_copies,
    name_and_office,
)
from campaign.core import clock
from campaign.core.errors import Refused
from campaign.core.settings import Settings
from campaign.models.bundle import Destination
from campaign.models.campaign import Campaign, LetterFormat
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.geometry import Layout, layout_for
from campaign.printing.problems import ADDRESS_TOO_LONG
from campaign.printing.text_widths import fits_papers, longest_line, most_lines
from campaign.signing.letter.compose import case_of
from campaign.signing.letter.letter_facts import FrozenTarget


def facts_of(
    campaign: Campaign,
    destination: Destination,
    *,
    pairs: Collection[tuple[int, str]],
    at: datetime,
    settings: Settings,
    locale: str,
    choice: BundleChoice,
) -> Frozen:
    """The facts, for letters to these targets in these languages (`pairs`), frozen `at`."""
    translation = campaign.translation_locale
    languages = _languages_of(pairs, {translation} - {""})
    home = settings.organisation_country
    country = country_of(destination, home)
    return Frozen(
        locale=locale,
        frozen_on=clock.day_of(at, campaign.timezone),
        timezone=campaign.timezone,
        layout=choice.layout or layout_for(country).slug,
        format=choice.format or campaign.format.value,
        campaign=campaign.slug,
        case=case_of(campaign),
        mission=frozen_destination(destination, locale, home),
        organisation=frozen_organisation(settings),
        targets=_targets(campaign, country, languages, locale),
        translation=translation,
        rehearsal=lifecycle.is_rehearsal(campaign.status),
        duplex=choice.duplex and (choice.format or campaign.format) != LetterFormat.CARD,
        order=choice.order.value,
        volumes=choice.split.value,
        tells_of_copies=True,
    )


def check_addresses(facts: Frozen) -> None:
    """Raises Refused (`address-does-not-fit`) for the destination or an official.

    Its data says `why`: `missing`, `unprintable`, `too-many-lines` or `too-wide`, and which line.
    """
    targets = facts.targets.values()
    of_targets = (words.lines for target in targets for words in target.addressing.values())
    for lines in (facts.mission.lines, *of_targets):
        if fault := _fault_of(lines, facts.sheet):
            raise Refused("address-does-not-fit", address=", ".join(lines), **fault)


def _fault_of(lines: tuple[str, ...], layout: Layout) -> dict[str, object]:
    """Why an address cannot stand in the window; nothing where it can."""
    if not lines:
        return {"why": "missing"}
    for line in lines:
        if check_characters({"address": (line,)}):
            return {"why": "unprintable", "line": line}
    for problem in check_address(lines, layout):
        if problem.slug == ADDRESS_TOO_LONG:
            return {"why": "too-many-lines", "lines": len(lines), "most": most_lines(layout)}
        return {"why": "too-wide", "line": problem.detail["line"]}
    return {} if fits_papers(lines, layout) else {"why": "too-wide", "line": longest_line(lines)}


def _languages_of(
    pairs: Collection[tuple[int, str]], more: Collection[str]
) -> dict[int, list[str]]:
    """The languages of the letters to each target, and those that come `more`, in order."""
    languages: dict[int, set[str]] = {}
    for target_id, code in pairs:
        languages.setdefault(target_id, set(more)).add(code)
    return {target_id: sorted(codes) for target_id, codes in languages.items()}


def _targets(
    campaign: Campaign, country: str, languages: Mapping[int, list[str]], locale: str
) -> dict[int, FrozenTarget]:
    copies = list_copies(campaign)
    frozen = {}
    for target in campaign.targets:
        if target.id in languages:
            official, codes = target.official, dict.fromkeys([locale, *languages[target.id]])
            frozen[target.id] = FrozenTarget(
                official=official.slug,
                names={code: name_and_office(official, code) for code in codes},
                addressing={
                    code: addressing_of(target, code, host_country=country, copies=copies)
                    for code in codes
                },
            )
    return frozen


def frozen_organisation(settings: Settings) -> FrozenOrganisation:
    return FrozenOrganisation(
        name=settings.organisation_name,
        email=settings.organisation_email,
        place=settings.organisation_place,
        lines=tuple(settings.organisation_address),
    )
