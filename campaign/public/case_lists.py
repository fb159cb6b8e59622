"""The lists of cases: first page, archive, updates. What is asked for stands in the address."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple, TypeVar

from flask import Flask, current_app, url_for
from sqlalchemy import select

from campaign.campaigns.find_campaigns import list_public, select_unoffered
from campaign.campaigns.public_counts import counts_of
from campaign.campaigns.themes import theme_name
from campaign.core import db, i18n
from campaign.core.errors import NotFound
from campaign.core.text.fold import fold_name
from campaign.models.campaign import Campaign
from campaign.public.case_page import CaseHead, CasePost, head_of, outcome_of
from campaign.public.page_cache import page_cache
from campaign.web.page import Page
from campaign.web.pagination import count_pages, read_page

PER_PAGE = 30
T = TypeVar("T")
_LONGEST = 100
_OTHERS = 3


@dataclass(frozen=True, slots=True)
class CaseRow(CaseHead):
    public_id: str
    country_code: str
    issued_on: date | None
    opened_at: datetime | None
    stopped_at: datetime | None
    changed_at: datetime
    act_by: date | None
    themes: tuple[str, ...]
    letter_locales: tuple[str, ...]
    has_outcome: bool
    found_by: str


@dataclass(frozen=True, slots=True)
class Board:
    current: tuple[CaseRow, ...]
    """Those that take letters, the nearest last day first."""
    ended: tuple[CaseRow, ...]
    """The others, the newest first."""
    dated: tuple[tuple[CaseRow, CasePost], ...]
    """Every post with its case, the newest first."""


def board_of(
    campaigns: Iterable[Campaign], counts: Mapping[int, int], locale: str, now: datetime
) -> Board:
    rows = [
        case_row(campaign, locale, count=counts[campaign.id], now=now) for campaign in campaigns
    ]
    rows.reverse()  # of two with the same day, the one that was made later stands first
    current = [row for row in rows if row.takes_letters]
    ended = [row for row in rows if not row.takes_letters]
    posts = [(row, post) for row in rows for post in row.posts]
    return Board(
        tuple(sorted(current, key=lambda row: row.act_by or date.max)),
        tuple(sorted(ended, key=lambda row: row.issued_on or date.min, reverse=True)),
        tuple(sorted(posts, key=lambda pair: (pair[1].iso, pair[1].anchor), reverse=True)),
    )


def case_row(campaign: Campaign, locale: str, *, count: int, now: datetime) -> CaseRow:
    texts = [campaign.person_name, campaign.reference, campaign.index_number]
    texts += campaign.names_by_locale.values()
    texts.append(i18n.country_name(campaign.country, locale))
    texts += [theme_name(key) for key in campaign.themes]
    for edition in campaign.editions:
        texts += [edition.title, edition.summary]
    return CaseRow(
        **head_of(campaign, locale, campaign.picture_small, count=count, now=now),
        public_id=campaign.public_id,
        country_code=campaign.country,
        issued_on=campaign.issued_on,
        opened_at=campaign.opened_at,
        stopped_at=campaign.stopped_at,
        changed_at=campaign.changed_at,
        act_by=campaign.act_by,
        themes=tuple(campaign.themes),
        letter_locales=tuple(campaign.letter_locales),
        has_outcome=bool(outcome_of(campaign, locale).text),
        found_by=fold_name(" ".join(filter(None, texts))),
    )


def searching(words: str) -> Callable[[CaseRow], bool]:
    folded_words = fold_name(words).split()
    return lambda row: all(word in row.found_by for word in folded_words)


@dataclass(frozen=True, slots=True)
class Wish:
    country: str = ""
    theme: str = ""
    language: str = ""
    words: str = ""
    page: int = 1

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "Wish":
        """From an address; what it says wrongly finds nothing, as it should."""
        return cls(
            country=arguments.get("country", "")[:2].upper(),
            theme=arguments.get("theme", "")[:40],
            language=arguments.get("language", "")[:12],
            words=" ".join(arguments.get("q", "")[:_LONGEST].split()),
            page=read_page(arguments),
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.country or self.theme or self.language or self.words)

    @property
    def is_plain(self) -> bool:
        """Whether this is the page as everybody sees it first."""
        return self == Wish()

    def arguments(self, **changes: Any) -> dict[str, Any]:
        """For an address of the same list; empty ones are left out."""
        state = {
            "country": self.country,
            "theme": self.theme,
            "language": self.language,
            "q": self.words,
            "page": self.page if self.page > 1 else "",
        }
        return {name: value for name, value in (state | changes).items() if value}

    def among(self, rows: tuple[CaseRow, ...]) -> list[CaseRow]:
        has_words = searching(self.words)
        return [
            row
            for row in rows
            if self.country in {"", row.country_code}
            and (not self.theme or self.theme in row.themes)
            and (not self.language or self.language in row.letter_locales)
            and has_words(row)
        ]


@dataclass(frozen=True, slots=True)
class CaseChoices:
    """What can be filtered by: only what some case has, by name."""

    countries: tuple[tuple[str, str], ...]
    themes: tuple[tuple[str, str], ...]
    languages: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, rows: tuple[CaseRow, ...], locale: str) -> "CaseChoices":
        countries = {row.country_code: row.country for row in rows}
        themes = {key: theme_name(key) for row in rows for key in row.themes}
        codes = {code for row in rows for code in row.letter_locales}
        languages = {code: i18n.language_name(code, locale) for code in codes}
        return cls(
            *(
                tuple(sorted(named.items(), key=lambda pair: fold_name(pair[1])))
                for named in (countries, themes, languages)
            )
        )


class Narrowing(NamedTuple):
    name: str
    cases: int
    url: str


class CaseList(Page):
    cases: Sequence[CaseRow]
    total: int
    wish: Wish
    choices: CaseChoices
    pages: int
    page_url: Callable[[int], str]
    narrowings: Sequence[Narrowing]


class Home(CaseList, template="public/home.html"):
    in_archive: int
    archive_url: str
    any_ended: bool
    shows_demo_cases: bool
    newest: Sequence[tuple[CaseRow, CasePost]]


class Archive(CaseList, template="public/archive.html"):
    pass


class Updates(Page, template="public/updates.html"):
    dated: Sequence[tuple[CaseRow, CasePost]]
    page: int
    pages: int
    page_url: Callable[[int], str]


def init_app(app: Flask, *, demo_cases: Sequence[str]) -> None:
    """Take the slugs of cases that the first page says are of the demo."""
    app.extensions["demo_cases"] = demo_cases


def current_board(lang: str) -> Board:
    """All public cases in that language, from memory while nothing has changed."""
    return page_cache().recall(("board", lang), lambda: _load(lang))


def list_others(lang: str, slug: str) -> tuple[CaseRow, ...]:
    """List open cases to which the pages of the case `slug` lead on."""
    with db.reading() as session:
        unoffered = select(Campaign.slug).where(Campaign.id.in_(select_unoffered(session, slug)))
        kept_back = set(session.scalars(unoffered))
    offered = (row for row in current_board(lang).current if row.slug not in kept_back)
    return tuple(islice(offered, _OTHERS))


def home_page(lang: str, wish: Wish) -> Home:
    """The first page, or what a reader filters and searches for. Raises NotFound."""
    board = current_board(lang)
    listed = _list_cases("public.home", lang, board.current, wish)
    demo_cases: Sequence[str] = current_app.extensions["demo_cases"]
    return Home(
        **listed,
        shows_demo_cases=any(row.slug in demo_cases for row in listed["cases"]),
        in_archive=len(wish.among(board.ended)) if wish.is_filtered else 0,
        archive_url=url_for("public.archive", lang=lang, **wish.arguments(page="")),
        any_ended=bool(board.ended),
        newest=board.dated[:3] if wish.is_plain else (),
    )


def archive_page(lang: str, wish: Wish) -> Archive:
    return Archive(**_list_cases("public.archive", lang, current_board(lang).ended, wish))


def updates_page(lang: str, page: int) -> Updates:
    dated, pages = cut_page(current_board(lang).dated, page)

    def page_url(number: int) -> str:
        return url_for("public.updates", lang=lang, page=number if number > 1 else None)

    return Updates(dated=dated, page=page, pages=pages, page_url=page_url)


def cut_page(rows: Sequence[T], page: int, size: int = PER_PAGE) -> tuple[Sequence[T], int]:
    """The rows of that page, and how many pages there are. Raises NotFound."""
    pages = count_pages(len(rows), size)
    if page > pages:
        raise NotFound("page")
    start = (page - 1) * size
    return rows[start : start + size], pages


def _list_cases(endpoint: str, lang: str, rows: tuple[CaseRow, ...], wish: Wish) -> dict[str, Any]:
    """The fields of CaseList."""
    cases = wish.among(rows)
    shown, pages = cut_page(cases, wish.page)

    def page_url(number: int) -> str:
        return url_for(endpoint, lang=lang, **wish.arguments(page=number if number > 1 else ""))

    return {
        "cases": shown,
        "total": len(cases),
        "wish": wish,
        "choices": CaseChoices.of(rows, lang),
        "pages": pages,
        "page_url": page_url,
        "narrowings": _narrowings(endpoint, lang, rows, wish),
    }


def _narrowings(endpoint: str, lang: str, rows: tuple[CaseRow, ...], wish: Wish) -> list[Narrowing]:
    """For each thing asked for, how many cases come without it."""
    asked = wish.arguments(page="")
    wider = []
    for name in asked if len(asked) > 1 else ():
        rest = Wish.of({key: value for key, value in asked.items() if key != name})
        if count := len(rest.among(rows)):
            url = url_for(endpoint, lang=lang, **rest.arguments())
            wider.append(Narrowing(name, count, url))
    return wider


def _load(lang: str) -> Board:
    with db.reading() as session:
        campaigns = list_public(session)
        return board_of(campaigns, counts_of(session, campaigns), lang, db.utcnow())
