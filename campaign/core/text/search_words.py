"""The words by which officials and missions are ordered and found. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from campaign.core import i18n
from campaign.core.text.fold import fold_name

_LANGUAGES = ("en", "fr", "es", "ar")
"""Languages in whose names a country is found, whatever the page's own."""
_KEY_LENGTH = 200


def name_key(name: str | None, office: dict[str, str], slug: str) -> str:
    """A name (or the office, where it is empty) without accents and capitals."""
    said = name or i18n.words_in(office, "en") or slug
    return fold_name(said)[:_KEY_LENGTH]


def search_text(
    slug: str, *texts: str | None, words: dict[str, str], countries: Iterable[str]
) -> str:
    """All that a search finds a row by, each word once."""
    said = [slug.replace("-", " "), *(text or "" for text in texts), *words.values()]
    parts = [fold_name(" ".join(said)), *(_country_words(code) for code in countries)]
    return " ".join(dict.fromkeys(" ".join(parts).split()))


@lru_cache(maxsize=300)
def _country_words(code: str) -> str:
    return fold_name(" ".join((code, *(i18n.country_name(code, one) for one in _LANGUAGES))))
