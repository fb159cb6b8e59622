"""The words by which officials and missions are ordered and found. Pure."""

from collections.abc import Iterable
from functools import lru_cache

from campaign.core import i18n
from campaign.core.language_facts import translated_languages
from campaign.core.text.fold import fold_name

_KEY_LENGTH = 200


def name_key(name: str | None, office: dict[str, str], slug: str) -> str:
    """Return a name (or the office, where it is empty) without accents and capitals."""
    return fold_name(name or i18n.words_in(office, "en") or slug)[:_KEY_LENGTH]


def search_text(
    slug: str, *texts: str | None, words: dict[str, str], countries: Iterable[str]
) -> str:
    own = [slug.replace("-", " "), *(text or "" for text in texts), *words.values()]
    parts = [fold_name(" ".join(own)), *(_country_words(code) for code in countries)]
    return " ".join(dict.fromkeys(" ".join(parts).split()))


@lru_cache(maxsize=300)
def _country_words(code: str) -> str:
    names = (i18n.country_name(code, language) for language in translated_languages())
    return fold_name(" ".join((code, *names)))
