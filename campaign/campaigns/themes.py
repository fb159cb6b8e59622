"""Themes of urgent actions: by these supporters filter, and network members choose."""

from flask_babel import lazy_gettext as _l

THEMES = {
    "children": _l("Children"),
    "death-penalty": _l("Death penalty"),
    "defenders": _l("Human-rights defenders"),
    "disappearances": _l("Disappearances"),
    "environment": _l("Environment and land"),
    "expression": _l("Freedom of expression"),
    "impunity": _l("Impunity"),
    "indigenous-peoples": _l("Indigenous peoples"),
    "lgbti": _l("LGBTI people"),
    "prisoners": _l("Prisoners of conscience"),
    "refugees": _l("Refugees and migrants"),
    "religion": _l("Freedom of belief"),
    "torture": _l("Torture"),
    "women": _l("Women’s rights"),
    "workers": _l("Workers’ rights"),
}
"""Key, as it stands in addresses and in the database, and name."""


def theme_name(key: str) -> str:
    """A theme in the language of the page; one that the list no longer has, as it is stored."""
    return str(THEMES.get(key, key))


def themes_by_name() -> list[tuple[str, str]]:
    """Key and name of each, in the order of the names in the language of the page."""
    return sorted(((key, str(name)) for key, name in THEMES.items()), key=lambda pair: pair[1])
