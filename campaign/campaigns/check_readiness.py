"""What a campaign lacks before it can open. Pure: reads a campaign that is loaded, asks nobody.

Whether a letter fits its page is tried with the longest name, and kept by what the letter says.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple

from campaign.campaigns import lifecycle
from campaign.campaigns.content.address_and_salutation import (
    addressing_of,
    doubtful_of_address,
    host_of,
    list_addressed,
    missing_of_address,
    name_and_office,
)
from campaign.campaigns.content.part_contents import current_templates, newest_templates, texts_of
from campaign.campaigns.content.risks import texts_of_campaign, watch_of
from campaign.campaigns.stop_rule import has_ended, is_stopped
from campaign.core import clock, i18n
from campaign.core.i18n import day_is_over, words_in
from campaign.directory.missions import is_stale
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    LetterTemplate,
    Target,
    TargetKind,
    UpdateKind,
)
from campaign.models.directory import Mission, Official, official_name
from campaign.printing.check_letters import check_address, check_characters
from campaign.printing.geometry import LAYOUTS, Layout, layout_for
from campaign.printing.page_fit import Room, card_room, letter_room
from campaign.printing.placeholders import (
    MissingPlaceholderValue,
    fill,
    placeholders_in,
    unknown_placeholders,
)
from campaign.printing.printed_content import LetterContext
from campaign.printing.sheets.envelopes import fits_window
from campaign.printing.text_widths import fits_papers, longest_line, most_that_fit

LONGEST_NAME = (
    "Wilhelmina-Maximiliana Montgomery-Featherstonehaugh Oluwaseun-Oluwadamilola "
    "Venkatanarasimharajuvaripeta von Hohenzollern"
)
"""120 letters and spaces, as long as signing takes them."""
_LONGEST_DAY = date(2000, 9, 30)
_FEW_LINES = 4
_ASKED_AGAIN = {"risk-named", "text-copied", "text-repeated", "other-person", "picture-copied"}


@dataclass(frozen=True, slots=True)
class Fit:
    locale: str
    target: Target
    template: LetterTemplate
    room: Room


def fits_of(
    campaign: Campaign, templates: dict[tuple[str, int | None], LetterTemplate]
) -> Iterator[Fit]:
    """The room of the letter to each official in each language, where both are known."""
    copies = [target.official for target in campaign.targets if target.kind is TargetKind.COPY]
    for target in list_addressed(campaign):
        for locale in campaign.letter_locales:
            template = templates.get((locale, target.id)) or templates.get((locale, None))
            if template is None:
                continue
            lines = tuple(name_and_office(official, locale) for official in copies)
            try:
                context = _context(campaign, target, template, lines)
            except MissingPlaceholderValue:
                continue  # it asks for what the campaign does not have
            room = _measure(context, layout_for(host_of(target)).slug, campaign.cards)
            yield Fit(locale, target, template, room)


@lru_cache(maxsize=4096)
def _measure(context: LetterContext, layout: str, card: bool) -> Room:
    return (card_room if card else letter_room)(context, LAYOUTS[layout])


def _context(
    campaign: Campaign, target: Target, template: LetterTemplate, copies: tuple[str, ...]
) -> LetterContext:
    official, locale = target.official, template.locale
    office = i18n.words_in(official.office, locale)
    values = {
        "person_name": campaign.name_in(locale),
        "official_name": official_name(official, locale),
        "official_office": office,
        "country": i18n.country_name(campaign.country, locale),
        "reference": campaign.reference,
        "supporter_name": LONGEST_NAME,
    }
    if campaign.act_by is not None:
        values["deadline"] = i18n.say_date(campaign.act_by, locale)
    return LetterContext(
        key="",
        number=None,
        reference=campaign.reference,
        locale=locale,
        sender_lines=(LONGEST_NAME,),
        place_and_date=f"X, {i18n.say_date(_LONGEST_DAY, locale)}",
        addressee_lines=(),
        subject=fill(template.subject, values),
        salutation=i18n.words_in(official.salutation, locale),
        opening=_paragraphs(fill(template.opening, values)),
        points=tuple(fill(point.text, values) for point in template.points),
        own_words=(),
        closing=_paragraphs(fill(template.closing, values)),
        complimentary_close=i18n.words_in(official.close, locale),
        signature_name=LONGEST_NAME,
        signature_locality="X",
        copies_to=copies,
    )


def _paragraphs(text: str) -> tuple[str, ...]:
    blocks = (" ".join(block.split("\n")).strip() for block in text.split("\n\n"))
    return tuple(block for block in blocks if block)


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing or doubtful; its sentence is in `campaigns/_words.html`."""

    slug: str
    part: str
    """Where it is mended: `facts`, `edition`, `letter`, `targets`, `official`, `successor`,
    `mission`, `risks`, `picture` or `update`."""
    blocking: bool = True
    locale: str = ""
    subject: str = ""
    """What it is about: the slug of an official or mission, a name, or the names of the fields."""
    detail: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def is_asked_again(self) -> bool:
        """Whether the page that opens the campaign asks about it once more."""
        return self.slug in _ASKED_AGAIN

    @property
    def form_field(self) -> str:
        """The form field by which the sentence stands where saving is refused for it."""
        if self.slug == "no-letter-language":
            return "letter_locales"
        return {"facts": "act_by", "edition": "summary", "letter": "opening"}.get(self.part, "")


def letter_gaps(campaign: Campaign) -> Iterator[Gap]:
    templates = current_templates(campaign)
    written = [code for code in campaign.letter_locales if code in templates]
    for locale in campaign.letter_locales:
        if locale not in templates:
            yield Gap("template-missing", "letter", locale=locale)
    keys = {code: {point.key for point in templates[code].points} for code in written}
    every = set().union(*keys.values())
    for locale in written:
        yield from _letter(campaign, templates[locale])
        if every - keys[locale]:
            yield Gap("points-differ", "letter", blocking=False, locale=locale)
    for target in list_addressed(campaign):
        for locale, template in current_templates(campaign, target.id).items():
            if locale in campaign.letter_locales:
                yield from _letter(campaign, template)
    yield from _room(campaign)


def _room(campaign: Campaign) -> Iterator[Gap]:
    for fit in fits_of(campaign, newest_templates(campaign)):
        official = fit.target.official
        detail = said_official(official, campaign.default_locale)
        detail["lines"] = str(fit.room.lines_over or fit.room.lines_left)
        if not fit.room.fits:
            yield Gap("letter-too-long", "letter", True, fit.locale, official.slug, detail)
        elif fit.room.lines_left < _FEW_LINES:
            yield Gap("letter-full", "letter", False, fit.locale, official.slug, detail)


def said_official(official: Official, locale: str) -> dict[str, str]:
    """How a gap names an official: without a name by the office, in the language of the page."""
    if official.name:
        return {"official": official.name}
    offices = {f"office_{code}": words for code, words in official.office.items()}
    return {"official": words_in(official.office, locale), **offices}


def _letter(campaign: Campaign, template: LetterTemplate) -> Iterator[Gap]:
    texts = texts_of(template)
    if not template.subject or not template.opening:
        yield Gap("letter-incomplete", "letter", locale=template.locale)
    if not template.points:
        yield Gap("no-points", "letter", blocking=False, locale=template.locale)
    unknown = [name for text in texts for name in unknown_placeholders(text)]
    if unknown:
        yield Gap("placeholder-unknown", "letter", True, template.locale, " ".join(unknown))
    if campaign.act_by is None and any("deadline" in placeholders_in(text) for text in texts):
        yield Gap("deadline-unset", "letter", locale=template.locale)


class _Fault(NamedTuple):
    why: str
    line: str
    most: int = 0
    """Lines that the window holds, where there are too many."""


def window_gaps(campaign: Campaign, target: Target) -> Iterator[Gap]:
    # A supporter's own letters are all on the sheet of the first target's.
    hosts = (host_of(target), host_of(list_addressed(campaign)[0]))
    layouts = list(dict.fromkeys(layout_for(host) for host in hosts))
    for locale in campaign.letter_locales:
        lines = addressing_of(target, locale, host_country=hosts[0]).lines
        fault = _fault(lines, layouts, locale, cards=campaign.cards)
        if fault is not None:
            part, subject = _mended_at(target, locale, fault)
            detail = said_official(target.official, campaign.default_locale)
            detail |= {"why": fault.why, "line": fault.line, "most": str(fault.most)}
            yield Gap("address-does-not-fit", part, True, locale, subject, detail)


def _fault(
    lines: tuple[str, ...], layouts: Sequence[Layout], locale: str, *, cards: bool
) -> _Fault | None:
    for line in lines:
        if check_characters({"address": (line,)}):
            return _Fault("unprintable", line)
    # A card has no window of its own; it goes with a cover letter, in an envelope with a label.
    full = [
        layout
        for layout in layouts
        if check_address(lines, layout)
        or not fits_papers(lines, layout)
        or not (cards or fits_window(lines, layout, locale))
    ]
    if not full:
        return None
    most = most_that_fit(lines, full)
    if most is None:
        return _Fault("line-too-long", longest_line(lines))
    return _Fault("too-many-lines", str(len(lines)), most)


def _mended_at(target: Target, locale: str, fault: _Fault) -> tuple[str, str]:
    """The part at which it is mended, and of which official or mission."""
    official, mission = target.official, target.mission
    if mission is None or fault.line in {official.name, words_in(official.office, locale)}:
        return "official", official.slug
    return "mission", mission.slug


@dataclass(frozen=True, slots=True)
class Step:
    """The one next thing to do on a campaign; its sentence is in `campaigns/show.html`."""

    slug: str
    gap: Gap | None = None


def next_step(campaign: Campaign, gaps: list[Gap]) -> Step:
    """What the desk shows first: mend what blocks, open, extend or close, tell how it ended."""
    status = campaign.status
    first = gaps[0] if gaps else None
    if has_ended(status):
        is_told = any(
            update.kind is UpdateKind.OUTCOME and campaign.tells_of_last_end(update.published_at)
            for update in campaign.updates
        )
        return Step("ended" if is_told else "tell-outcome")
    if status is CampaignStatus.OPEN and any(gap.slug == "deadline-past" for gap in gaps):
        return Step("close-or-extend")
    if first is not None and first.blocking and not _only_embargo(gaps):
        return Step("mend", first)
    if status is CampaignStatus.DRAFT and _only_embargo(gaps):
        return Step("embargo")
    if status is CampaignStatus.DRAFT:
        return Step("open")
    if status in {CampaignStatus.REVIEW, CampaignStatus.SCHEDULED}:
        return Step(status.value)
    return Step("improve", first) if first else Step("runs")


def _only_embargo(gaps: list[Gap]) -> bool:
    return [gap.slug for gap in gaps if gap.blocking] == ["embargo"]


def later_gaps(
    campaign: Campaign, gaps: list[Gap], step: Step, left_behind: Collection[str] = ()
) -> list[Gap]:
    """What else is to be mended, after the next step.

    Once the campaign has ended only what letters wait for, a successor of those `left_behind`, and
    what one language of its page tells and another does not. Of the outcome of a stopped one its
    page tells nothing before it is posted.
    """
    if has_ended(campaign.status):
        untold = {"outcome"} if is_stopped(campaign.status) and step.slug == "tell-outcome" else ()
        return [
            gap
            for gap in gaps
            if (gap.slug == "part-uneven" and gap.subject not in untold)
            or (gap.slug == "recipient-left" and gap.subject in left_behind)
        ]
    if step.slug == "close-or-extend":
        return [gap for gap in gaps if gap.slug != "deadline-past"]
    if step.slug in {"embargo", "scheduled"}:  # the step itself waits for its end
        return [gap for gap in gaps if gap.slug != "embargo"]
    return [gap for gap in gaps if gap != step.gap]


def gaps(campaign: Campaign, now: datetime) -> list[Gap]:
    """Everything that is missing, what blocks first, each group in the order of the work."""
    all_gaps = [
        *_facts(campaign, now),
        *_editions(campaign),
        *_uneven(campaign),
        *letter_gaps(campaign),
        *_targets(campaign, now),
        *_embargo(campaign, now),
        *_picture(campaign),
        *_risks(campaign),
    ]
    return sorted(dict.fromkeys(all_gaps), key=lambda gap: not gap.blocking)


def text_gaps(campaign: Campaign) -> list[Gap]:
    parts = (_editions, _uneven, letter_gaps, _risks)
    return list(dict.fromkeys(gap for part in parts for gap in part(campaign)))


def blockers(campaign: Campaign, now: datetime) -> list[Gap]:
    return [gap for gap in gaps(campaign, now) if gap.blocking]


def blockers_of(campaign: Campaign, status: CampaignStatus, when: datetime) -> list[Gap]:
    """What must be mended before that status; an embargo forbids the opening alone."""
    gaps = blockers(campaign, when)
    if status is not CampaignStatus.OPEN:
        return [gap for gap in gaps if gap.slug != "embargo"]
    return gaps


def _facts(campaign: Campaign, now: datetime) -> Iterator[Gap]:
    if campaign.act_by is None:
        yield Gap("no-deadline", "facts", blocking=False)
    elif day_is_over(campaign.act_by, now):
        yield Gap("deadline-past", "facts")
    if campaign.issued_on is None:
        yield Gap("no-date-of-issue", "facts", blocking=False)
    if not campaign.letter_locales:
        yield Gap("no-letter-language", "facts")


def _editions(campaign: Campaign) -> Iterator[Gap]:
    written = {edition.locale for edition in campaign.editions}
    if campaign.default_locale not in written:
        yield Gap("edition-missing", "edition", locale=campaign.default_locale)
    for edition in campaign.editions:
        needed = ("title", "summary", "asks")
        if missing := [name for name in needed if not getattr(edition, name)]:
            yield Gap("edition-incomplete", "edition", True, edition.locale, ",".join(missing))
    for locale in campaign.letter_locales:
        if locale not in written and locale != campaign.default_locale:
            yield Gap("page-missing", "edition", locale=locale)


def _uneven(campaign: Campaign) -> Iterator[Gap]:
    """Parts that a page may lack, and that it has in one language and not in another."""
    for part in ("background", "outcome"):
        having = [edition.locale for edition in campaign.editions if getattr(edition, part)]
        for edition in campaign.editions if having else ():
            if edition.locale not in having:
                others = {"languages": ",".join(having)}
                yield Gap("part-uneven", "edition", False, edition.locale, part, others)


def _targets(campaign: Campaign, now: datetime) -> Iterator[Gap]:
    addressed = list_addressed(campaign)
    if not addressed:
        yield Gap("no-target", "targets")
    for official in (target.official for target in campaign.targets):
        if official.left_on is not None:
            # It blocks nothing: letters that are not printed yet follow the successor.
            detail = said_official(official, campaign.default_locale)
            yield Gap("recipient-left", "successor", False, "", official.slug, detail)
    for target in addressed:
        yield from _target(campaign, target, now)
    copies = [] if campaign.cards else [each for each in campaign.targets if each not in addressed]
    for official in (target.official for target in copies if not _can_send_to(target)):
        # Everybody who signs reads that a copy goes there.
        detail = said_official(official, campaign.default_locale)
        yield Gap("copy-without-address", "official", True, "", official.slug, detail)
    # Nobody in the country of the case is written to: rarely meant.
    if addressed and all(target.official.country != campaign.country for target in addressed):
        yield Gap("targets-elsewhere", "targets", blocking=False)


def _can_send_to(copy: Target) -> bool:
    """Whether staff can post or email a copy, to the official or through the mission."""
    official, mission = copy.official, copy.mission
    contacts = [*official.contacts, *(mission.contacts if mission else ())]
    if any(contact.type == "email" for contact in contacts):
        return True
    return not missing_of_address(official) or (mission is not None and _has_address(mission))


def _has_address(mission: Mission) -> bool:
    return any(line.strip() for line in (*mission.address, mission.locality))


def _target(campaign: Campaign, target: Target, now: datetime) -> Iterator[Gap]:
    official = target.official
    detail = said_official(official, campaign.default_locale)
    mission = target.mission
    if mission is None:
        yield from _by_post(campaign, target, detail)
    elif not _has_address(mission):
        yield Gap("no-address", "targets", True, "", official.slug, detail)
    else:
        yield from window_gaps(campaign, target)
        if not any(line.strip() for line in mission.address):
            yield Gap("mission-without-street", "mission", False, "", mission.slug, detail)
    if mission is not None and is_stale(mission, clock.day_of(now, mission.zone)):
        yield Gap("mission-unchecked", "mission", True, "", mission.slug, detail)
    for locale in campaign.letter_locales:
        if not official.salutation.get(locale) or not official.close.get(locale):
            yield Gap("no-salutation", "official", True, locale, official.slug, detail)


def _by_post(campaign: Campaign, target: Target, detail: dict[str, str]) -> Iterator[Gap]:
    official = target.official
    missing, doubtful = missing_of_address(official), doubtful_of_address(official)
    if missing:
        parts = {"missing": ",".join(missing)}
        yield Gap("no-post-address", "official", True, "", official.slug, detail | parts)
        return
    if doubtful:
        parts = {"missing": ",".join(doubtful)}
        yield Gap("post-address-short", "official", False, "", official.slug, detail | parts)
    yield from window_gaps(campaign, target)


def _embargo(campaign: Campaign, now: datetime) -> Iterator[Gap]:
    until, deadline = campaign.embargo_until, campaign.act_by
    if until is None or not lifecycle.is_under_embargo(until, now):
        return
    if deadline and day_is_over(deadline, until) and not day_is_over(deadline, now):
        yield Gap("embargo-after-deadline", "facts")
    else:
        yield Gap("embargo", "risks")


def _picture(campaign: Campaign) -> Iterator[Gap]:
    for edition in campaign.editions if campaign.picture else ():
        if not (campaign.picture_alt or {}).get(edition.locale):
            yield Gap("picture-undescribed", "picture", locale=edition.locale)


def _risks(campaign: Campaign) -> Iterator[Gap]:
    """Texts that say what a flag rules out; the desk says what, at the place in the text."""
    if not campaign.risk_flags and campaign.status in lifecycle.HIDDEN:
        yield Gap("no-risks", "risks", False)
    watch = watch_of(campaign)
    findings = watch.findings(texts_of_campaign(campaign)) if watch else []
    for finding in findings:
        if finding.part != "targets":
            yield Gap("risk-named", finding.part, False, finding.locale)
    if any(finding.part == "targets" for finding in findings):
        yield Gap("risk-named", "targets", False)
