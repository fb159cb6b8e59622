"""Days, times and numbers read as people of each language write them."""

import json
import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from babel.numbers import format_decimal

from campaign.core import asset_paths, i18n
from campaign.core.i18n import say_number
from tests.sources import search_modules

DAY = date(2026, 12, 4)
DAYS = {
    "en": ("4 December 2026", "Friday 4 December 2026", "Friday 4 December", "4 Dec 2026"),
    "fr": ("4 décembre 2026", "vendredi 4 décembre 2026", "vendredi 4 décembre", "4 déc. 2026"),
    "es": (
        "4 de diciembre de 2026",
        "viernes 4 de diciembre de 2026",
        "viernes 4 de diciembre",
        "4 dic 2026",
    ),
    "ar": ("4 ديسمبر 2026", "الجمعة 4 ديسمبر 2026", "الجمعة 4 ديسمبر", None),
    "de": ("4. Dezember 2026", "Freitag, 4. Dezember 2026", None, None),
}


@pytest.mark.parametrize(("language", "forms"), DAYS.items())
def test_the_day_comes_before_the_month_without_a_comma(
    language: str, forms: tuple[str, str, str | None, str | None]
) -> None:
    long, weekday, without_year, short = forms
    assert i18n.say_date(DAY, language) == long
    assert i18n.say_weekday(DAY, language) == weekday
    if without_year:
        assert i18n.say_day(DAY, language, weekday=True, year=False) == without_year
    if short:
        assert i18n.say_short_day(DAY, language) == short


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "14:05"), ("fr", "14\u00a0h\u00a005"), ("es", "14:05\u00a0h"), ("ar", "14:05")],
)
def test_a_day_has_24_hours(language: str, words: str) -> None:
    assert i18n.say_time(time(14, 5), language) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "29 November 2026 at 02:59"),
        ("fr", "29 novembre 2026 à 2\u00a0h\u00a059"),
        ("es", "29 de noviembre de 2026 a las 2:59\u00a0h"),
        ("ar", "29 نوفمبر 2026، الساعة 02:59"),
    ],
)
def test_a_moment_is_said_as_people_say_it(language: str, words: str) -> None:
    moment = datetime(2026, 11, 29, 7, 59, tzinfo=UTC)
    assert i18n.say_moment(moment, "America/Toronto", language) == words
    assert i18n.say_day_and_time(date(2026, 11, 29), time(2, 59), language) == words
    assert i18n.say_day_and_time(DAY, None, language) == DAYS[language][0]


@pytest.mark.parametrize("language", ["en", "fr", "es", "ar", "de", "pt-BR"])
def test_scripts_say_a_moment_as_the_server_does(language: str) -> None:
    patterns = json.loads(json.dumps(i18n.moment_patterns("America/Toronto", language)))
    now = datetime(2026, 11, 29, 7, 59, tzinfo=UTC)
    now_in_words = i18n.say_moment(now, "America/Toronto", language)
    in_zone = patterns["in_zone"].replace("{moment}", now_in_words)
    assert in_zone == i18n.say_moment_in_zone(now, "America/Toronto", language)
    for number in range(366):
        day, at = date(2024, 1, 1) + timedelta(number), time(number % 24, number % 60)
        words = patterns["days"][day.month - 1][day.day > 1]
        words = words.replace("{year}", str(day.year)).replace("{number}", str(day.day))
        moment = patterns["moments"][at.hour].replace("{day}", words)
        moment = moment.replace("{minute}", f"{at.minute:02}")
        assert moment == i18n.say_day_and_time(day, at, language)


def test_no_script_words_a_day_or_a_time_itself() -> None:
    """What a browser says in French is not what our pages say; "en-US" gives parts in figures."""
    scripts = (Path(__file__).parents[3] / "static" / "js").glob("*.js")
    by_itself = re.compile(r"DateTimeFormat\((?!\"en-US\")|toLocale\w*String\(")
    assert [path.name for path in scripts if by_itself.search(path.read_text("utf-8"))] == []


def test_one_o_clock_is_singular_in_spanish() -> None:
    moments = [i18n.say_day_and_time(DAY, time(hour, 5), "es") for hour in (1, 13)]
    assert moments == [
        "4 de diciembre de 2026 a la 1:05\u00a0h",
        "4 de diciembre de 2026 a las 13:05\u00a0h",
    ]


@pytest.mark.parametrize(
    ("language", "whole", "part"),
    [
        ("en", "35,000", "0.5"),
        ("fr", "35\u00a0000", "0,5"),
        ("es", "35,000", "0.5"),
        ("ar", "35,000", "0.5"),
        ("es-ES", "35.000", "0,5"),
    ],
)
def test_numbers_are_those_of_mexico_and_canada(language: str, whole: str, part: str) -> None:
    assert say_number(35_000, language) == whole
    assert format_decimal(0.5, locale=i18n.number_locale(language)) == part


def test_countries_have_the_names_of_mexico_in_spanish() -> None:
    names = dict(i18n.countries("es"))
    assert (names["RO"], names["SA"]) == ("Rumania", "Arabia Saudita")
    assert i18n.country_name("RO", "es") == "Rumania"
    assert i18n.country_name("FK", "fr") == "Îles Malouines"


@pytest.mark.parametrize(
    ("code", "quoted"),
    [
        ("en", "“a” “b”"),
        ("es", "“a” “b”"),
        ("fr", "«\u00a0a\u00a0» «\u00a0b\u00a0»"),
        ("ar", "«a» «b»"),
    ],
)
def test_several_quotes_in_a_row_are_quoted_as_each_language_does(code: str, quoted: str) -> None:
    assert i18n.between_quotes(code).join("ab") == quoted.strip("“”«»\u00a0")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "29 November 2026 at 02:59 (Toronto time)"),
        ("fr", "29 novembre 2026 à 2\u00a0h\u00a059 (heure locale\u00a0: Toronto)"),
        ("es", "29 de noviembre de 2026 a las 2:59\u00a0h (hora de Toronto)"),
        ("ar", "29 نوفمبر 2026، الساعة 02:59 (بتوقيت تورونتو)"),
    ],
)
def test_a_moment_is_said_with_whose_time_it_is(language: str, words: str) -> None:
    moment = datetime(2026, 11, 29, 7, 59, tzinfo=UTC)
    assert i18n.say_moment_in_zone(moment, "America/Toronto", language) == words


_SAY_NO_ZONE = {
    "core/i18n.py",
    "web/edit_conflict.py",  # beside a field whose hint says it
    "deliveries/desk/delivery_views.py",  # on a page that says it
    "tracking/letter_links.py",  # in an email whose sentence says it
}
_HISTORY = {"_draft", "change_status", "edit_template", "history", "merge", "show_version"}
"""Pages of campaigns on which a time without a zone decides nothing: who wrote what and when."""


def test_every_email_and_every_page_of_a_campaign_says_whose_time_it_means() -> None:
    """`|moment` and `say_moment` say no zone; `moment_in_zone` does."""
    modules = {name for name, _source in search_modules(r"say_moment\(")}
    assert modules == _SAY_NO_ZONE
    folder = asset_paths.folder("templates")
    mails = [path for path in (folder / "mail").glob("*.*") if "|moment" in path.read_text("utf-8")]
    assert not mails
    pages = (folder / "campaigns").glob("*.html")
    silent = {path.stem for path in pages if re.search(r"\|moment\b", path.read_text("utf-8"))}
    assert silent == _HISTORY
