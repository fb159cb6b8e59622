"""Papers that data protection law asks for, with what the settings know filled in. In English."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask import current_app

from campaign.about.terms import days, hours, months
from campaign.core import clock
from campaign.core.i18n import force_locale
from campaign.core.settings import Settings

_FOLDER = "privacy_pack/"


@dataclass
class _Blanks:
    """What a paper leaves to be filled in by hand."""

    count: int = 0

    def blank(self, what: str = "") -> str:
        self.count += 1
        return f"[to fill in: {what}]" if what else "[to fill in]"

    def fill(self, value: str, setting: str) -> str:
        return value or self.blank(f"setting {setting}")


@dataclass(frozen=True, slots=True)
class Paper:
    name: str
    text: str
    blanks: int


def write_papers(
    settings: Settings, *, connections: Sequence[str] = (), webhooks: Sequence[str] = ()
) -> Iterator[Paper]:
    """Yield each paper as Markdown; named are the programs that get members, or are told."""
    today = clock.today(settings.timezone).isoformat()
    env = current_app.jinja_env
    for name in sorted(env.list_templates(filter_func=lambda name: name.startswith(_FOLDER))):
        blanks = _Blanks()
        with force_locale("en"):
            text = env.get_template(name).render(
                settings=settings,
                connections=connections,
                webhooks=webhooks,
                today=today,
                days=days,
                months=months,
                hours=hours,
                blank=blanks.blank,
                fill=blanks.fill,
            )
        yield Paper(name.removeprefix(_FOLDER), f"{text.strip()}\n", blanks.count)
