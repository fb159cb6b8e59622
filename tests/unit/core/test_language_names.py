"""A language is known by its codes and by its names in many languages."""

import pytest

from campaign.core.language_names import find_language

OURS = ("en", "fr", "es", "ar")


@pytest.mark.parametrize(
    ("code", "texts"),
    [
        ("fr", "fr|FR |fr_CA|fr-FR|fra|fre|French|FRANÇAIS|francais|Français (Canada)|francés"),
        ("fr", "Canadian French|الفرنسية|fr/en|French, English|fr-CA; en|French and English"),
        ("fr", "Français et anglais|francés y español|French or English|français ou arabe"),
        ("fr", "FRENCH AND ENGLISH|الفرنسية والإنجليزية|الفرنسية، العربية"),
        ("es", "spa|Spanish|Español|espanol|espagnol|español de México|الإسبانية"),
        ("es", "Spanish; Castilian"),
        ("ar", "ara|arb|Arabic|العربية|عربي|عربي و إنجليزي|arabe|árabe"),
        ("en", "eng|en_GB.UTF-8|English|anglais|Inglés|الإنجليزية"),
        ("", "|de|German|Deutsch|Estonian|Armenian|Northern Frisian|frr|en attente|?|/|_"),
    ],
)
def test_a_language_is_known_by_code_and_name(code: str, texts: str) -> None:
    assert {text: find_language(text, OURS) for text in texts.split("|")} == dict.fromkeys(
        texts.split("|"), code
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pt_PT", "pt-PT"),
        ("European Portuguese", "pt-PT"),
        ("português", "pt-BR"),
        ("por", "pt-BR"),
        ("pt-AO", "pt-BR"),
        ("German", "de"),
        ("Deutsch", "de"),
    ],
)
def test_of_a_language_in_several_countries_the_nearest_is_chosen(text: str, code: str) -> None:
    assert find_language(text, ("en", "pt-BR", "pt-PT", "de")) == code
