"""Where the texts of a campaign say what a risk flag rules out. Pure."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from campaign.campaigns.content.current_letters import current_templates
from campaign.core.text.phrases import Phrases, phrases_of
from campaign.models.campaign import Campaign
from campaign.models.letter_template import LetterTemplate
from campaign.models.revision import RiskKind
from campaign.web.markup import unmarked

_AROUND = 60
"""Characters that are shown on each side of what was found."""
_LINKED = re.compile(r"\s*\(https?://[^)\s]*\)")
_BETWEEN = re.compile(r"[-_,\u2010-\u2015]+")


@dataclass(frozen=True, slots=True)
class Words:
    """A text of a campaign, and where it stands."""

    part: str
    """`edition`, `letter`, `update`, `picture` or `targets`."""
    locale: str
    field: str
    """The form's field: `summary`, or `points-1`."""
    text: str
    subject: str = ""
    """The official whom a letter of its own goes to; the id of an update."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a text says what it must not."""

    kind: RiskKind | None
    """None: it is blacked out in a reply."""
    part: str
    locale: str
    field: str
    before: str
    found: str
    """As it stands in the text."""
    after: str
    subject: str = ""


class Watch:
    """A campaign's flags, ready to look through texts."""

    def __init__(self, flags: Iterable[tuple[RiskKind | None, str]]) -> None:
        by_kind: dict[RiskKind | None, list[str]] = {}
        for kind, words in flags:
            by_kind.setdefault(kind, []).append(words)
            if kind is not RiskKind.PLACE and len(parts := words.split()) == 2:
                by_kind[kind].append(f"{parts[1]} {parts[0]}")  # as lists write a name
        self._phrases: list[tuple[RiskKind | None, Phrases]] = [
            (kind, phrases) for kind, words in by_kind.items() if (phrases := phrases_of(words))
        ]

    def __bool__(self) -> bool:
        return bool(self._phrases)

    def findings(self, texts: Iterable[Words]) -> list[Finding]:
        """Each place in these texts that breaks a flag."""
        return [finding for words in texts for finding in self._as_typed_or_read(words)]

    def _as_typed_or_read(self, words: Words) -> list[Finding]:
        """What stands in the text as it was typed; else in what its reader sees of it."""
        return list(self._in(words)) or list(self._in(replace(words, text=_as_read(words.text))))

    def _in(self, words: Words) -> Iterator[Finding]:
        text = words.text
        for kind, phrases in self._phrases:
            for start, end in phrases.places(text):
                yield Finding(
                    kind=kind,
                    part=words.part,
                    locale=words.locale,
                    field=words.field,
                    before=_shorten(text[max(0, start - _AROUND) : start], start > _AROUND, 0),
                    found=text[start:end],
                    after=_shorten(text[end : end + _AROUND], end + _AROUND < len(text), -1),
                    subject=words.subject,
                )


def _as_read(text: str) -> str:
    """Return a text without marks, links, what nobody sees, and what may stand between names."""
    plain = _LINKED.sub("", html.unescape(unmarked(text)))
    seen = "".join(mark for mark in plain if unicodedata.category(mark) != "Cf")
    return " ".join(_BETWEEN.sub(" ", seen).split())


def texts_of_campaign(campaign: Campaign) -> Iterator[Words]:
    """Every text of the campaign that people read, and what the directory has of its targets."""
    for edition in campaign.editions:
        yield from edition_words(
            edition.locale,
            title=edition.title,
            summary=edition.summary,
            asks="\n".join(edition.asks),
            background=edition.background,
            outcome=edition.outcome,
        )
    names: dict[int | None, str] = {target.id: target.official.slug for target in campaign.targets}
    for target_id in dict.fromkeys([None, *names]):
        for locale, template in current_templates(campaign, target_id).items():
            yield from letter_words(locale, template, names.get(target_id, ""))
    for update in campaign.updates:
        for said in update.editions:
            for name in ("title", "body"):
                yield Words("update", said.locale, name, getattr(said, name), str(update.id))
        for locale, alt in (update.picture_alt or {}).items():
            yield Words("update", locale, "alt", alt, str(update.id))
    for locale, alt in (campaign.picture_alt or {}).items():
        yield Words("picture", locale, f"alt_{locale}", alt)
    yield from _words_of_targets(campaign)


def _words_of_targets(campaign: Campaign) -> Iterator[Words]:
    """What pages and letters say of the officials and missions, as the directory has it."""
    for target in campaign.targets:
        official, mission = target.official, target.mission
        for words in (official.office, official.salutation, official.close):
            for locale, text in (words or {}).items():
                yield Words("targets", locale, "official", text, official.slug)
        here = campaign.default_locale
        for text in (official.name, *(official.address or ()), official.locality or ""):
            yield Words("targets", here, "official", text, official.slug)
        if mission:
            for locale, text in (mission.name or {}).items():
                yield Words("targets", locale, "mission", text, mission.slug)
            for text in (mission.head_of_mission, *(mission.address or ()), mission.locality):
                yield Words("targets", here, "mission", text or "", mission.slug)


def by_field(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    fields: dict[str, list[Finding]] = {}
    for finding in findings:
        fields.setdefault(finding.field, []).append(finding)
    return fields


def edition_words(locale: str, **texts: str) -> Iterator[Words]:
    for name, text in texts.items():
        yield Words("edition", locale, name, text)


def letter_words(locale: str, template: LetterTemplate, official: str = "") -> Iterator[Words]:
    for name in ("subject", "opening", "closing"):
        yield Words("letter", locale, name, getattr(template, name), official)
    for place, point in enumerate(template.points):
        yield Words("letter", locale, f"points-{place}", point.text, official)


def _shorten(text: str, cut: bool, side: int) -> str:
    """A stretch of text, cut at a word where it was cut."""
    flat = " ".join(text.split(" ")).replace("\n", " ")
    if not cut:
        return flat
    if side == 0:
        return "…" + flat.partition(" ")[2]
    return flat.rpartition(" ")[0] + "…"
