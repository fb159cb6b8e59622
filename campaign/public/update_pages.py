"""What has come of a case: its dated posts, as pages and the feed show them. Pure.

How a case ended, in a line. Pure.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from campaign.campaigns.closing_reasons import Said, reasons_of
from campaign.campaigns.content.pictures import size_of
from campaign.core import i18n
from campaign.models.campaign import (
    Campaign,
    CampaignStatus,
    Edition,
    Update,
    UpdateEdition,
    UpdateKind,
)
from campaign.web.markup import unmarked


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """Last part of its address."""
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Post:
    anchor: str
    """Where it stands on the page of its case; it stays the same."""
    kind: str
    title: str
    body: str
    """Markdown."""
    when: str
    iso: str
    published_at: datetime | None
    lang: str
    """Language of the texts, where it is not the page's; else empty."""
    picture: Picture | None
    target_id: int | None = None
    """The official whose answer it is."""
    update_id: int | None = None
    """The update that it was made of."""
    more_pictures: tuple[Picture, ...] = ()
    """Beside `picture`."""
    before_stop: bool = False
    """Whether the action was stopped after it was published."""


def posts_of(campaign: Campaign, locale: str) -> tuple[Post, ...]:
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
    """What an update says in that language, else in the campaign's own, else in any it has."""
    by_locale = {edition.locale: edition for edition in update.editions}
    return next(
        (by_locale[code] for code in (locale, default, *by_locale) if code in by_locale), None
    )


def _post(update: Update, anchor: str, locale: str, campaign: Campaign) -> Post | None:
    default, stopped_at = campaign.default_locale, campaign.stopped_at
    told = told_in(update, locale, default)
    if told is None:
        return None
    return Post(
        anchor=anchor,
        kind=update.kind.value,
        title=told.title,
        body=told.body,
        when=i18n.say_date(update.happened_on, locale),
        iso=update.happened_on.isoformat(),
        published_at=update.published_at,
        lang="" if told.locale == locale else told.locale,
        picture=_picture(update, locale, default),
        target_id=update.target_id,
        update_id=update.id,
        more_pictures=_more_pictures(update, locale, default),
        before_stop=bool(stopped_at and update.published_at and update.published_at < stopped_at),
    )


def case_picture(campaign: Campaign, key: str, locale: str) -> Picture | None:
    """The case's picture, cut as `key` has it."""
    if not key or (size := size_of(key)) is None:
        return None
    alt = i18n.words_in(campaign.picture_alt or {}, locale, campaign.default_locale)
    return Picture(key.rpartition("/")[2], alt, *size)


def _more_pictures(update: Update, locale: str, default: str) -> tuple[Picture, ...]:
    """None without a first one: then nothing more is looked for."""
    if not update.picture:
        return ()
    sizes = [(picture, size_of(picture.key)) for picture in update.more_pictures]
    return tuple(
        Picture(picture.key.rpartition("/")[2], i18n.words_in(picture.alt, locale, default), *size)
        for picture, size in sizes
        if size is not None
    )


def _picture(update: Update, locale: str, default: str) -> Picture | None:
    if not update.picture or (size := size_of(update.picture)) is None:
        return None
    alt = i18n.words_in(update.picture_alt or {}, locale, default)
    return Picture(update.picture.rpartition("/")[2], alt, *size)


_LINE = 200
"""Characters of the line."""
_TELLING = {UpdateKind.OUTCOME, UpdateKind.STOP}
"""Kinds of posts that tell how it ended; an answer or a delivery is no end."""


def ending_of(
    campaign: Campaign, edition: Edition | None, posts: tuple[Post, ...], locale: str
) -> Said:
    """The reason given at the end, else the newest post that tells of one, else the outcome.

    Not the outcome where the calendar closed it: what the text says was written before.
    """
    reason = reasons_of(campaign).said_in(locale)
    if reason.text:
        return Said(first_line(reason.text), reason.lang)
    if told := next((post for post in posts if post.kind in _TELLING), None):
        return Said(told.title, told.lang)
    if _closed_by_calendar(campaign):
        return Said()
    outcome = first_line(edition.outcome) if edition else ""
    return Said(outcome, edition.locale if edition and edition.locale != locale else "")


def _closed_by_calendar(campaign: Campaign) -> bool:
    """Of one that takes no letters any more: whether its last day was over before it closed."""
    if campaign.status is CampaignStatus.OPEN:
        return True
    act_by, closed_at = campaign.act_by, campaign.closed_at
    return bool(act_by and closed_at and i18n.day_is_over(act_by, closed_at))


def first_line(text: str, most: int = _LINE) -> str:
    """The first paragraph of a Markdown text, plain, cut at a word where it is long."""
    line = " ".join(unmarked(text).partition("\n\n")[0].split())
    if len(line) <= most:
        return line
    return line[: most - 1].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
