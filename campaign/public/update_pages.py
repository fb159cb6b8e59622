"""What has come of a case: its dated posts, as pages and the feed show them. Pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from campaign.campaigns.content.pictures import size_of
from campaign.core import i18n
from campaign.models.campaign import Campaign, Update, UpdateEdition


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture beside a post."""

    name: str
    """Last part of its address."""
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Post:
    """What has come of the case on a day."""

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


def posts_of(campaign: Campaign, locale: str) -> tuple[Post, ...]:
    """A campaign's posts in the language of the page where they have it, the newest first."""
    on_day: Counter[str] = Counter()
    posts = []
    for update in sorted(campaign.updates, key=lambda one: (one.happened_on, one.id or 0)):
        iso = update.happened_on.isoformat()
        on_day[iso] += 1
        anchor = f"on-{iso}" if on_day[iso] == 1 else f"on-{iso}-{on_day[iso]}"
        if post := _post(update, anchor, locale, campaign.default_locale):
            posts.append(post)
    return tuple(reversed(posts))


def told_in(update: Update, locale: str, default: str) -> UpdateEdition | None:
    """What an update says in that language, else in the campaign's own, else in any it has."""
    by_locale = {edition.locale: edition for edition in update.editions}
    return next(
        (by_locale[code] for code in (locale, default, *by_locale) if code in by_locale), None
    )


def _post(update: Update, anchor: str, locale: str, default: str) -> Post | None:
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
    sizes = [(one, size_of(one.key)) for one in update.more_pictures]
    return tuple(
        Picture(one.key.rpartition("/")[2], i18n.words_in(one.alt, locale, default), *size)
        for one, size in sizes
        if size is not None
    )


def _picture(update: Update, locale: str, default: str) -> Picture | None:
    if not update.picture or (size := size_of(update.picture)) is None:
        return None
    alt = i18n.words_in(update.picture_alt or {}, locale, default)
    return Picture(update.picture.rpartition("/")[2], alt, *size)
