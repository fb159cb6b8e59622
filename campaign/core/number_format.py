"""Numbers as people of a language write them; a page of figures has hundreds."""

from functools import lru_cache

from babel.numbers import format_decimal, format_percent

from campaign.core import i18n


def say_number(number: int, in_language: str | None = None) -> str:
    """Write a whole number in the language given, or the page's."""
    return _number(number, in_language or i18n.locale())


def say_share(share: float) -> str:
    """Write a part of a whole, 0 to 1, in percent; what is not all is not said to be."""
    hundredths = round(share * 100)
    if share < 1:
        hundredths = min(hundredths, 99)
    return _percent(hundredths, i18n.locale())


@lru_cache(maxsize=20_000)
def _number(number: int, language: str) -> str:
    return str(format_decimal(number, locale=i18n.number_locale(language)))


@lru_cache(maxsize=1_000)
def _percent(hundredths: int, language: str) -> str:
    return str(format_percent(hundredths / 100, locale=i18n.number_locale(language)))
