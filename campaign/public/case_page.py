"""What the public pages of a case show, built from a loaded campaign. Pure."""

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from campaign.campaigns.closing_reasons import SaidText, reasons_of
from campaign.campaigns.content.address_and_salutation import goes_by_post, name_and_office
from campaign.campaigns.content.pictures import size_of
from campaign.campaigns.find_campaigns import public_neighbours
from campaign.campaigns.lifecycle import takes_signatures
from campaign.campaigns.public_counts import first_step, in_steps
from campaign.campaigns.stop_rule import is_stopped
from campaign.core import i18n
from campaign.core.db import Words
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    Target,
    TargetKind,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.models.directory import Mission, Official, mission_name
from campaign.public.deadline import Deadline, deadline_of
from campaign.web.markup import unmarked

AnyEdition = TypeVar("AnyEdition", Edition, UpdateEdition)
_LINE = 200
_TELLING = {UpdateKind.OUTCOME, UpdateKind.STOP}
"""Kinds of posts that tell how it ended; an answer or a delivery is no end."""
_ROUND = (1, 2.5, 5)
SMALLEST = 25
"""Below so many a bar would say less than the number itself."""


@dataclass(frozen=True, slots=True)
class CasePicture:
    name: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CasePost:
    anchor: str
    """Where it stands on the page of its case; it stays the same."""
    kind: str
    title: str
    body: str
    when: str
    iso: str
    published_at: datetime | None
    lang: str
    person_name: str
    """What the person is called in the language of the post."""
    picture: CasePicture | None
    target_id: int | None = None
    update_id: int | None = None
    more_pictures: tuple[CasePicture, ...] = ()
    before_stop: bool = False
    """Whether the action was stopped after it was published."""


def posts_of(campaign: Campaign, locale: str) -> tuple[CasePost, ...]:
    """A campaign's posts in the language of the page where they have it, the newest first."""
    on_day: Counter[str] = Counter()
    posts = []
    for update in sorted(campaign.updates, key=lambda update: (update.happened_on, update.id or 0)):
        iso = update.happened_on.isoformat()
        on_day[iso] += 1
        anchor = f"on-{iso}" if on_day[iso] == 1 else f"on-{iso}-{on_day[iso]}"
        if post := _post(update, anchor, locale, campaign):
            posts.append(post)
    return tuple(reversed(posts))


def told_in(update: Update, locale: str, default: str) -> UpdateEdition | None:
    return _find_in(update.editions, locale, default)


def _post(update: Update, anchor: str, locale: str, campaign: Campaign) -> CasePost | None:
    default, stopped_at = campaign.default_locale, campaign.stopped_at
    told = told_in(update, locale, default)
    if told is None:
        return None
    return CasePost(
        anchor=anchor,
        kind=update.kind.value,
        title=told.title,
        body=told.body,
        when=i18n.say_date(update.happened_on, locale),
        iso=update.happened_on.isoformat(),
        published_at=update.published_at,
        lang="" if told.locale == locale else told.locale,
        person_name=campaign.name_in(told.locale),
        picture=_picture(update.picture, update.picture_alt, locale, default),
        target_id=update.target_id,
        update_id=update.id,
        more_pictures=_more_pictures(update, locale, default),
        before_stop=bool(stopped_at and update.published_at and update.published_at < stopped_at),
    )


def _more_pictures(update: Update, locale: str, default: str) -> tuple[CasePicture, ...]:
    """None without a first one: then nothing more is looked for."""
    more = update.more_pictures if update.picture else ()
    pictures = (_picture(picture.key, picture.alt, locale, default) for picture in more)
    return tuple(filter(None, pictures))


def _picture(key: str, alt: Words | None, locale: str, default: str) -> CasePicture | None:
    if not key or (size := size_of(key)) is None:
        return None
    return CasePicture(key.rpartition("/")[2], i18n.words_in(alt or {}, locale, default), *size)


def ending_of(campaign: Campaign, posts: tuple[CasePost, ...], locale: str) -> SaidText:
    """The reason given at the end, else the newest post that tells of it, else the outcome.

    Not the outcome where the calendar closed it: what the text says was written before.
    """
    reason = reasons_of(campaign).said_in(locale)
    if reason.text:
        return SaidText(first_line(reason.text), reason.lang)
    if told := next((post for post in posts if _tells_of_end(campaign, post)), None):
        return SaidText(told.title, told.lang)
    if _closed_by_calendar(campaign):
        return SaidText()
    outcome = outcome_of(campaign, locale)
    return SaidText(first_line(outcome.text), outcome.lang)


def _tells_of_end(campaign: Campaign, post: CasePost) -> bool:
    return post.kind in _TELLING and campaign.tells_of_last_end(post.published_at)


def outcome_of(campaign: Campaign, locale: str) -> SaidText:
    """What the text says of the end, in another language where this one's says nothing."""
    told = [edition for edition in campaign.editions if edition.outcome]
    edition = _find_in(told, locale, campaign.default_locale)
    return SaidText(edition.outcome, other_language(edition, locale)) if edition else SaidText()


def _closed_by_calendar(campaign: Campaign) -> bool:
    """Of one that takes no letters any more: whether its last day was over before it closed."""
    if campaign.status is CampaignStatus.OPEN:
        return True
    act_by, closed_at = campaign.act_by, campaign.closed_at
    return bool(act_by and closed_at and i18n.day_is_over(act_by, closed_at))


def first_line(text: str, most: int = _LINE) -> str:
    line = " ".join(unmarked(text).partition("\n\n")[0].split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"


@dataclass(frozen=True, slots=True)
class Progress:
    count: int
    goal: int


def progress_of(count: int, *, takes_letters: bool) -> Progress | None:
    """The way to the next round number; None where few have written, or nobody can any more."""
    if count < SMALLEST or not takes_letters:
        return None
    return Progress(count, next_round(count))


def next_round(count: int) -> int:
    """The first of 10, 25, 50, 100, 250 … that is more than `count`."""
    steps = (int(step * 10**power) for power in itertools.count(1) for step in _ROUND)
    return next(step for step in steps if step > count)


@dataclass(frozen=True, slots=True)
class Recipient:
    name: str
    office: str
    mission: str
    copy: bool
    by_post: bool
    answers: tuple[CasePost, ...]


@dataclass(frozen=True, slots=True)
class CaseHead:
    """What lists of cases and the page of one show."""

    slug: str
    reference: str
    person_name: str
    country: str
    title: str
    summary: str
    content_lang: str
    """Language of these texts, where the page's own has no edition; else empty."""
    deadline: Deadline | None
    takes_letters: bool
    progress: Progress | None
    status: str
    stop_kind: str
    reason: SaidText
    """What everybody may read of why it was closed or stopped."""
    ending: SaidText
    """How it ended, in a line; empty while it goes on, and where nobody has told yet."""
    outcome_post: CasePost | None
    """The newest post that is its outcome, of its last end."""
    ended: bool
    """Whether its outcome is told: the reason of a stop does not, nor what was written before."""
    posts: tuple[CasePost, ...]
    """The newest first."""
    count: int
    fewer_than: int
    """Where so few have written that their number is no step yet, the first step; else 0."""
    cards: bool
    picture: CasePicture | None


@dataclass(frozen=True, slots=True)
class CheckCode:
    """What is on the papers of a delivery: it is made from every letter and their number."""

    letters: int
    code: str
    """In groups of four."""


@dataclass(frozen=True, slots=True)
class CasePage(CaseHead):
    background: str
    asks: tuple[str, ...]
    outcome: SaidText
    """Markdown; empty: there is no such page."""
    issued_on: str
    recipients: tuple[Recipient, ...]
    letter_languages: tuple[str, ...]
    sent_by_self: int
    on_paper: int
    earlier: "Neighbour | None"
    later: "tuple[Neighbour, ...]"
    whole_picture: str
    """Key of the picture as it was before it was cut; empty without one."""
    focus: tuple[int, int]
    """Where in it that is which matters, in percent."""
    person_died: bool
    by_post: bool
    check_codes: Mapping[int, CheckCode]
    """By the id of the post that tells of the delivery."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    slug: str
    reference: str
    title: str
    lang: str
    takes_letters: bool


def case_page(
    campaign: Campaign,
    locale: str,
    *,
    count: int,
    now: datetime,
    sent_by_self: int = 0,
    on_paper: int = 0,
    check_codes: Mapping[int, CheckCode] = MappingProxyType({}),
) -> CasePage:
    edition = edition_for(campaign, locale)
    head = head_of(campaign, locale, campaign.picture_wide, count=count, now=now)
    earlier, later = public_neighbours(campaign)
    return CasePage(
        **head,
        background=edition.background if edition else "",
        asks=tuple(edition.asks) if edition else (),
        outcome=outcome_of(campaign, locale),
        issued_on=i18n.say_date(campaign.issued_on, locale) if campaign.issued_on else "",
        recipients=tuple(_recipient(target, locale, head["posts"]) for target in campaign.targets),
        letter_languages=tuple(
            i18n.language_name(code, locale) for code in campaign.letter_locales
        ),
        sent_by_self=in_steps(sent_by_self),
        on_paper=in_steps(on_paper),
        earlier=_neighbour(earlier, locale, now) if earlier else None,
        later=tuple(_neighbour(campaign, locale, now) for campaign in later),
        whole_picture=campaign.picture,
        focus=(campaign.picture_x, campaign.picture_y),
        person_died=campaign.person_died,
        by_post=goes_by_post(campaign),
        check_codes=check_codes,
    )


def head_of(
    campaign: Campaign, locale: str, picture: str, *, count: int, now: datetime
) -> dict[str, Any]:
    """The fields of CaseHead; `picture` is the key of the one that is shown."""
    edition, count = edition_for(campaign, locale), in_steps(count)
    takes_letters = takes_signatures(campaign.status, campaign.act_by, now)
    posts = posts_of(campaign, locale)
    ending = SaidText() if takes_letters else ending_of(campaign, posts, locale)
    outcomes = (post for post in posts if post.kind == UpdateKind.OUTCOME)
    told = next((post for post in outcomes if _tells_of_end(campaign, post)), None)
    return {
        "slug": campaign.slug,
        "reference": campaign.reference,
        "person_name": campaign.name_in(locale),
        "country": i18n.country_name(campaign.country, locale),
        # Without a text, the person's name is all that there is to read.
        "title": edition.title if edition else campaign.name_in(locale),
        "summary": edition.summary if edition else "",
        "content_lang": other_language(edition, locale),
        "deadline": deadline_of(campaign.act_by, locale, now, campaign.timezone),
        "takes_letters": takes_letters,
        "progress": progress_of(count, takes_letters=takes_letters),
        "status": campaign.status.value,
        "stop_kind": campaign.stop_kind.value,
        "reason": reasons_of(campaign).said_in(locale),
        "ending": ending,
        "outcome_post": told,
        "ended": bool(ending.text) and bool(told or not is_stopped(campaign.status)),
        "posts": posts,
        "count": count,
        "fewer_than": 0 if count else first_step(),
        "cards": campaign.cards,
        "picture": _picture(picture, campaign.picture_alt, locale, campaign.default_locale),
    }


def _neighbour(campaign: Campaign, locale: str, now: datetime) -> Neighbour:
    edition = edition_for(campaign, locale)
    return Neighbour(
        slug=campaign.slug,
        reference=campaign.reference,
        title=edition.title if edition else campaign.name_in(locale),
        lang=other_language(edition, locale),
        takes_letters=takes_signatures(campaign.status, campaign.act_by, now),
    )


def edition_for(campaign: Campaign, locale: str) -> Edition | None:
    return _find_in(campaign.editions, locale, campaign.default_locale)


def _find_in(editions: Sequence[AnyEdition], locale: str, default: str) -> AnyEdition | None:
    """The text in that language, else in the default one, else in any."""
    by_locale: dict[str, AnyEdition] = {edition.locale: edition for edition in editions}
    codes = (code for code in (locale, default, *by_locale) if code in by_locale)
    return next((by_locale[code] for code in codes), None)


def recipients_of(targets: Sequence[Target], locale: str) -> tuple[Recipient, ...]:
    return tuple(_recipient(target, locale) for target in targets if target.kind is TargetKind.TO)


def _recipient(target: Target, locale: str, posts: Sequence[CasePost] = ()) -> Recipient:
    mission = target.mission
    return Recipient(
        name=target.official.name,
        office=i18n.words_in(target.official.office, locale),
        mission=mission_name(mission, locale) if mission else "",
        copy=target.kind is TargetKind.COPY,
        by_post=mission is None and target.kind is TargetKind.TO,
        answers=tuple(post for post in posts if post.target_id and post.target_id == target.id),
    )


def destination_name(destination: Mission | Official, locale: str) -> str:
    """Where letters go, for everybody: a mission with its city, by post the official."""
    if isinstance(destination, Official):
        return name_and_office(destination, locale)
    return mission_name(destination, locale)


def other_language(edition: Edition | None, locale: str) -> str:
    return edition.locale if edition is not None and edition.locale != locale else ""
