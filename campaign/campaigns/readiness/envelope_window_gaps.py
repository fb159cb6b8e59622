"""Whether the address of a target stands in the envelope's window, and which line keeps it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from campaign.campaigns.content.address_and_salutation import addressing_of
from campaign.campaigns.readiness.letter_gaps import Gap, said_official
from campaign.core.i18n import words_in
from campaign.core.settings import home_country
from campaign.models.campaign import Campaign, Target, TargetKind
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.envelope_window import longest_line, most_lines
from campaign.printing.envelope_window_fit import fits_window
from campaign.printing.geometry import Layout, layout_for

WIDE, MANY, UNPRINTABLE = "line-too-long", "too-many-lines", "unprintable"


@dataclass(frozen=True, slots=True)
class _Fault:
    why: str
    line: str


def window_gaps(campaign: Campaign, target: Target) -> Iterator[Gap]:
    """A gap for each language in which the letters to `target` cannot be printed."""
    layouts, host = _layouts(campaign, target), host_of(target)
    for locale in campaign.letter_locales:
        lines = addressing_of(target, locale, host_country=host).lines
        fault = _fault(lines, layouts, locale, cards=campaign.cards)
        if fault is not None:
            part, subject = _mended_at(target, locale, fault)
            detail = said_official(target.official, campaign.default_locale)
            most = min(most_lines(layout) for layout in layouts)
            detail |= {"why": fault.why, "line": fault.line, "most": str(most)}
            yield Gap("address-does-not-fit", part, True, locale, subject, detail)


def host_of(target: Target) -> str:
    """The country on whose paper letters to a target are printed; by post the organisation's."""
    return target.mission.host_country if target.mission else home_country()


def _layouts(campaign: Campaign, target: Target) -> list[Layout]:
    """The sheets on which letters to `target` are printed.

    A supporter's own letters are all on the sheet of the first target's.
    """
    first = next(target for target in campaign.targets if target.kind is TargetKind.TO)
    hosts = [host_of(target), host_of(first)]
    return list(dict.fromkeys(layout_for(host) for host in hosts))


def _fault(
    lines: tuple[str, ...], layouts: Sequence[Layout], locale: str, *, cards: bool
) -> _Fault | None:
    for line in lines:
        if check_characters({"address": (line,)}):
            return _Fault(UNPRINTABLE, line)
    if any(len(lines) > most_lines(layout) for layout in layouts):
        return _Fault(MANY, str(len(lines)))
    for layout in layouts:
        # A card has no window of its own; it goes with a cover letter.
        if check_address(lines, layout) or not (cards or fits_window(lines, layout, locale)):
            return _Fault(WIDE, longest_line(lines))
    return None


def _mended_at(target: Target, locale: str, fault: _Fault) -> tuple[str, str]:
    """The part at which it is mended, and of which official or mission."""
    official, mission = target.official, target.mission
    if mission is None or fault.line in {official.name, words_in(official.office, locale)}:
        return "official", official.slug
    return "mission", mission.slug
