"""Languages: which one a page is in, its direction, dates and countries as people say them."""

import pickle
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date, datetime, time, timedelta
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast
from zoneinfo import ZoneInfo

from babel import Locale as BabelLocale
from babel import UnknownLocaleError
from babel.core import get_global
from babel.dates import format_date, format_time, get_timezone_location
from babel.languages import get_official_languages
from babel.localedata import locale_identifiers, resolve_locale_filename
from babel.numbers import format_decimal, format_percent
from flask import Flask, g, has_request_context, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import force_locale as force_babel_locale
from flask_babel import gettext as translate
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from campaign.core import clock
from campaign.core.language_facts import facts_of, languages_read, translated_languages
from campaign.core.settings import Settings, current_settings
from campaign.core.text.fold import fold_name

F = TypeVar("F", bound=Callable[..., Any])
_babel = Babel()
TRANSLATIONS = "translations"


class Language(NamedTuple):
    code: str
    name: str
    url: str
    current: bool


def languages() -> list[str]:
    return current_settings().locales


def offered_languages() -> list[str]:
    """List those of which people have read the pages: the others wait for who has the address."""
    codes = languages()
    return [code for code in codes if code in languages_read()] or codes


def has_pages(code: str) -> bool:
    """Return whether the pages are translated into that language; English is their own."""
    return not {code, code.partition("-")[0]}.isdisjoint(translated_languages())


def locale() -> str:
    """Return the code of the language of this page or mail."""
    chosen = get_locale()
    return _code_of(chosen) if chosen else languages()[0]


def negotiated() -> str:
    return request.accept_languages.best_match(offered_languages()) or languages()[0]


def localised(view: F) -> F:
    """Have pages whose address has no language take the browser's."""

    @wraps(view)
    def inner(*args: Any, **kwargs: Any) -> Any:
        g.locale = negotiated()
        return view(*args, **kwargs)

    return cast(F, inner)


def direction(code: str) -> str:
    return _parsed(code).text_direction


def isolate(text: str) -> str:
    """Keep a name, address or code in its own order in a sentence that runs from right to left."""
    return f"\u2068{text}\u2069" if direction(locale()) == "rtl" else text


def language_name(code: str, in_language: str | None = None) -> str:
    """Return a language's name, in itself unless said otherwise."""
    there = in_language or code
    if parsed := _known(code):
        return str(parsed.get_display_name(_parsed(there)) or code)
    # Wikidata has names in hundreds of languages of which CLDR has a name and no more, or none.
    return str(_parsed(there).languages.get(code.replace("-", "_"), code))


def names_of_languages(in_language: str) -> Mapping[str, str]:
    """Return the names of all languages in this one, by code: "fr_CA" is "Canadian French"."""
    return cast("Mapping[str, str]", _parsed(in_language).languages)


def force_locale(code: str) -> AbstractContextManager[None]:
    """Speak this language within the block, as it is written in addresses: `pt-BR`."""
    return force_babel_locale(code.replace("-", "_"))


def in_language(label: str, code: str) -> str:
    """Label a field that there is once per language: "Title (French)"."""
    return f"{label} ({language_name(code, locale())})"


def label_field(label: str, name: str, more: Iterable[str] = ()) -> str:
    """Label the field of that name; one whose name ends in a language (or `more`), with it."""
    end = name.replace("-", "_").casefold()
    for code in dict.fromkeys([*more, *languages()]):
        if end.endswith(f"_{code.replace('-', '_').casefold()}"):
            return in_language(label, code)
    return label


def comma(code: str) -> str:
    return facts_of(code).comma


def comma_between_names(code: str) -> str:
    """Let each name keep its own order in a line that begins with one and runs right to left."""
    return f"\u2069{comma(code)}\u2068" if direction(code) == "rtl" else comma(code)


def semicolon(code: str) -> str:
    return facts_of(code).semicolon


def between_quotes(code: str) -> str:
    return facts_of(code).between_quotes


def colon(code: str) -> str:
    return facts_of(code).colon


def country_name(code: str, in_language: str | None = None) -> str:
    if code == ORDER_OF_MALTA:
        return facts_of(in_language or locale()).order_of_malta
    return str(_country_names(in_language or locale()).get(code, code))


def country_for_post(code: str, in_language: str, posted_in: str) -> str:
    """Return a country's name in Latin capitals, as the post of `posted_in` reads it.

    In the language given where that is written so; else in a language of the country where it is
    posted; else in English.
    """
    spoken = get_official_languages(posted_in, de_facto=True)
    names = (_territory(code, tag.replace("_", "-")) for tag in (in_language, *spoken, "en"))
    return next((name for name in names if name and is_latin(name)), code).upper()


def _territory(code: str, language: str) -> str:
    parsed = _known(language)
    return str(parsed.territories.get(code, "")) if parsed else ""


def is_latin(text: str) -> bool:
    """Return whether all letters of a text are Latin ones."""
    return all(unicodedata.name(sign, "").startswith("LATIN") for sign in text if sign.isalpha())


def countries(in_language: str | None = None) -> list[tuple[str, str]]:
    names = _country_names(in_language or locale())
    return sorted(_countries_of(names), key=lambda pair: fold_name(pair[1]))


def _country_names(language: str) -> Mapping[str, str]:
    """Return names of countries: in Spanish as in Mexico, "Rumania" and "Arabia Saudita"."""
    return _as_in(language, facts_of(language).countries_as_in).territories


def countries_anywhere() -> Iterator[tuple[str, str]]:
    """Yield countries in every language; Babel would keep all of each: 150 MB and a second."""
    for language in [code for code in locale_identifiers() if "_" not in code]:
        with Path(resolve_locale_filename(language)).open("rb") as file:
            yield from _countries_of(pickle.load(file).get("territories", {}))  # noqa: S301


def _countries_of(names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for code, name in names.items():
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
            yield code, name


def senders() -> list[tuple[str, str]]:
    more = ((code, country_name(code)) for code in NO_COUNTRIES_THAT_SEND)
    return sorted([*countries(), *more], key=lambda pair: fold_name(pair[1]))


ORDER_OF_MALTA = "XM"
"""A code that ISO 3166 leaves to its users; the Order has none of its own, and has embassies."""
NO_COUNTRIES_THAT_SEND = ("EU", ORDER_OF_MALTA)
_NO_COUNTRIES = {"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"}


def say_date(day: date, in_language: str | None = None) -> str:
    return say_day(day, in_language or locale())


def say_weekday(day: date, in_language: str | None = None) -> str:
    return say_day(day, in_language or locale(), weekday=True)


@lru_cache(maxsize=2048)
def say_day(day: date, language: str, *, weekday: bool = False, year: bool = True) -> str:
    facts = facts_of(language)
    if facts.day:
        pattern = ("EEEE " if weekday else "") + facts.day + (facts.year if year else "")
    else:
        pattern = "full" if weekday else "long"
    return _ordinal(format_date(day, pattern, locale=_parsed(language)), day, language)


def say_short_day(day: date, language: str) -> str:
    return str(format_date(day, facts_of(language).short_day, locale=_parsed(language)))


def _ordinal(words: str, day: date, language: str) -> str:
    first = facts_of(language).first_of_month
    return re.sub(r"\b1\b", first, words, count=1) if first and day.day == 1 else words


def today_at_home() -> date:
    return clock.today(current_settings().timezone)


def say_zone(zone: str) -> str:
    return zone.replace("_", " ")


def say_town_of_zone(zone: str, in_language: str | None = None) -> str:
    language = in_language or locale()
    place = get_timezone_location(zone, locale=_parsed(language), return_city=True)
    return str(place).rpartition("/")[2]  # CLDR names Buenos Aires by another zone


def say_day_in(moment: datetime, zone: str) -> str:
    return say_date(clock.day_of(moment, zone))


def language_with_country(lang: str) -> str:
    """Return the language with the country where most speak so, "fr_FR"; empty: not known."""
    language = lang.partition("-")[0]
    likely = str(get_global("likely_subtags").get(language, ""))
    return f"{language}_{likely[-2:]}" if likely else ""


def say_moment(moment: datetime, zone: str | None = None, in_language: str | None = None) -> str:
    """Say a moment in the given time zone (the organisation's otherwise)."""
    there, language = zone or current_settings().timezone, in_language or locale()
    local = moment.astimezone(ZoneInfo(there))
    return say_day_and_time(clock.day_of(moment, there), local.time(), language)


def say_moment_in_zone(
    moment: datetime, zone: str | None = None, in_language: str | None = None
) -> str:
    """Say the same with whose time it is: "4 December 2026 at 14:30 (Toronto time)"."""
    there, language = zone or current_settings().timezone, in_language or locale()
    return facts_of(language).moment_in_zone.format(
        moment=say_moment(moment, there, language), town=say_town_of_zone(there, language)
    )


def say_day_and_time(day: date, at: time | None, in_language: str | None = None) -> str:
    """Say a day and, where it is known, a time: "4 December 2026 at 14:30"."""
    language = in_language or locale()
    if at is None:
        return say_day(day, language)
    words = _moment_words(at.hour, language)
    return words.format(day=say_day(day, language), time=say_time(at, language))


def _moment_words(hour: int, language: str) -> str:
    facts = facts_of(language)
    return (hour == 1 and facts.moment_after_one) or facts.moment


def say_time(at: time, in_language: str | None = None) -> str:
    """Say a time of day as people write it: "14:30", in French "14 h 30"."""
    language = in_language or locale()
    return str(format_time(at, facts_of(language).time, locale=_parsed(language)))


def time_patterns(in_language: str | None = None) -> list[str]:
    """Return how a script says a time as `say_time` does, by its hour: "14 h {minute}"."""
    return [say_time(time(hour, 59), in_language).replace("59", "{minute}") for hour in range(24)]


def moment_patterns(zone: str, in_language: str | None = None) -> dict[str, Any]:
    """Return how a script says what `say_day_and_time` does: days by month, moments by hour.

    Of each month the first, which has an ordinal in some languages, and the other days.
    `in_zone` says whose time it is, as `say_moment_in_zone` does.
    """
    language = in_language or locale()
    town = say_town_of_zone(zone, language)
    days = [
        [say_day(date(2222, month, day), language) for day in (1, 22)] for month in range(1, 13)
    ]
    moments = [
        _moment_words(hour, language).format(day="{day}", time=words)
        for hour, words in enumerate(time_patterns(language))
    ]
    return {
        "days": [
            [words.replace("2222", "{year}").replace("22", "{number}") for words in month]
            for month in days
        ],
        "moments": moments,
        "in_zone": facts_of(language).moment_in_zone.format(moment="{moment}", town=town),
    }


def day_is_over(day: date, now: datetime) -> bool:
    """Return whether `day` has ended everywhere on Earth (UTC-12)."""
    return now >= end_of_day(day)


def end_of_day(day: date) -> datetime:
    """Return the moment at which `day` has ended everywhere on Earth."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(clock.LATEST_ZONE))


def days_left(day: date, now: datetime, zone: str) -> int:
    """Count days from today in `zone` to `day`, as people there do; 0 on the day itself."""
    return (day - clock.day_of(now, zone)).days


def capitalize_first(words: str) -> str:
    return words[:1].upper() + words[1:]


def latest_day(now: datetime) -> date:
    return clock.day_of(now, clock.EARLIEST_ZONE)


def words_in(words: dict[str, str], *locales: str) -> str:
    """Return the text in the first of `locales` that has one, else any, else nothing."""
    return said_in(words, *locales)[0]


def said_in(words: dict[str, str], *locales: str) -> tuple[str, str]:
    """Return the same text, and its language; both empty where there is none."""
    codes = (*locales, "en", *words)
    return next(((words[code], code) for code in codes if words.get(code)), ("", ""))


def speak_as_mail(code: str) -> None:
    """Have a page that an email leads to, at an address without a language, take the email's.

    Another one is chosen on the page: `?lang=fr`.
    """
    asked = request.args.get("lang")
    g.locale = asked if asked in languages() else code
    g.language_here = locale()


def language_switch() -> list[Language]:
    here = (request.view_args or {}).get("lang") or g.get("language_here")
    # Who may not enter a page of the desk is not told that it is there (`staff.desk_access`).
    if here not in languages() or request.endpoint is None or g.get("kept_out"):
        return []
    # A page that was posted cannot be asked for again in another language: go to where it began.
    return [
        Language(code, language_name(code), _here_in(code), code == here)
        for code in dict.fromkeys((*offered_languages(), here))
    ]


def _here_in(code: str) -> str:
    assert request.endpoint is not None
    endpoint = request.endpoint
    if request.method != "GET":
        endpoint = getattr(g, "language_endpoint", endpoint)
    asked = getattr(g, "language_query", {})
    return url_for(endpoint, **{**asked, **(request.view_args or {}), "lang": code})


def init_app(app: Flask, settings: Settings) -> None:
    """Choose languages per page."""
    app.config["BABEL_DEFAULT_LOCALE"] = settings.locales[0]
    app.config["BABEL_DEFAULT_TIMEZONE"] = settings.timezone
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = TRANSLATIONS
    _babel.init_app(app, locale_selector=_select)
    app.jinja_env.globals["gettext"] = _gettext


@pass_context
def _gettext(context: Context, message: str, /, *, died: bool = False, **values: object) -> str:
    """Translate for a template; with `died=True` as of somebody who has died (`about`)."""
    words = about(translate(message)) if died else translate(message)
    return (Markup(words) if context.eval_ctx.autoescape else words) % values  # noqa: S704


def about(words: str) -> str:
    """Return a translated sentence as it is said of somebody who has died.

    Nobody can act for them any more: the letter is about them. Where a language has "for" with
    the name, it is the same words in each sentence; Spanish says "por" of the dead as well.
    """
    facts = facts_of(locale())
    if not facts.for_person:
        return words
    if words.endswith(facts.for_person):
        return words.removesuffix(facts.for_person) + facts.about_person_at_end
    return words.replace(facts.for_person, facts.about_person)


def _select() -> BabelLocale:
    if not has_request_context():
        return _parsed(languages()[0])
    chosen = getattr(g, "locale", None)
    return _parsed(chosen if chosen in languages() else negotiated())


@lru_cache(maxsize=64)
def _code_of(chosen: BabelLocale) -> str:
    return str(chosen).replace("_", "-")


def number_locale(code: str) -> BabelLocale:
    """Return how numbers are written: Spanish as in Mexico, French as in Canada."""
    return _as_in(code, facts_of(code).numbers_as_in)


def _as_in(code: str, usual: str) -> BabelLocale:
    """Return the locale of `usual`, a country's, of a language that names none itself."""
    return _parsed(usual if usual and "-" not in code else code)


@lru_cache(maxsize=256)
def _known(code: str) -> BabelLocale | None:
    """Return what Babel knows of a language: the one gate for codes, some from strangers' files."""
    try:
        return BabelLocale.parse(code, sep="-")
    except (UnknownLocaleError, ValueError, TypeError):
        return None


def _parsed(code: str) -> BabelLocale:
    """Return the same for what must be said: English where Babel does not know a language."""
    return _known(code) or BabelLocale("en")


def say_number(number: int, in_language: str | None = None) -> str:
    return _number(number, in_language or locale())


def say_share(share: float) -> str:
    """Write a part of a whole, 0 to 1, in percent; what is not all is not said to be."""
    hundredths = round(share * 100)
    if share < 1:
        hundredths = min(hundredths, 99)
    return _percent(hundredths, locale())


@lru_cache(maxsize=20_000)
def _number(number: int, language: str) -> str:
    return str(format_decimal(number, locale=number_locale(language)))


@lru_cache(maxsize=1_000)
def _percent(hundredths: int, language: str) -> str:
    return str(format_percent(hundredths / 100, locale=number_locale(language)))
