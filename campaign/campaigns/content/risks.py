"""Risk flags of a campaign: what must stand in no text, and where a text says it.

Their words are sealed in the database and never in the audit.
"""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from campaign.campaigns import lifecycle
from campaign.campaigns.content.part_contents import EDITION, LETTER, current_templates
from campaign.campaigns.record_change import check_opening, move, needs_second_person, record_change
from campaign.core import db, jobs
from campaign.core.answers import Answers, is_answered, question_key
from campaign.core.errors import Invalid
from campaign.core.text.desk_texts import one_line
from campaign.core.text.fold import split_words
from campaign.core.text.passages import find_telling_words, list_hidden
from campaign.core.text.phrases import Phrases, phrases_of
from campaign.directory.risk_flags import Naming
from campaign.models.bundle import Bundle, BundleState
from campaign.models.campaign import Campaign, CampaignStatus, LetterTemplate, Target
from campaign.models.directory import Mission, Official
from campaign.models.reply import Reply
from campaign.models.revision import RiskFlag, RiskKind
from campaign.web.markup import unmarked

_AROUND = 60
"""Characters that are shown on each side of what was found."""
_LINKED = re.compile(r"\s*\(https?://[^)\s]*\)")
_BETWEEN = re.compile(r"[-_,\u2010-\u2015]+")
_ON_ITS_WAY = {*lifecycle.PUBLIC, CampaignStatus.SCHEDULED}
"""Where what is saved leaves the desk with nobody asked again."""
MOST_FLAGS = 100
LONGEST = 120
_STEM = 4  # letters of a word that tell it from others


@dataclass(frozen=True, slots=True)
class Words:
    part: str
    """`facts`, `edition`, `letter`, `update`, `picture` or `targets`."""
    locale: str
    field: str
    text: str
    subject: str = ""
    """The official whom a letter of its own goes to; the id of an update."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where a text says what it must not."""

    kind: RiskKind | None
    """None: no flag; it is blacked out in a reply, or not allowed in a letter."""
    part: str
    locale: str
    field: str
    before: str
    found: str
    """As it stands in the text."""
    after: str
    subject: str = ""

    @property
    def key(self) -> str:
        """Of the question whether it is meant."""
        place = (self.part, self.locale, self.subject, self.field)
        return question_key(self.kind, *place, self.before, self.found, self.after)


class Watch:
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
        if not self:
            return []
        findings = list[Finding]()
        for words in texts:
            # What stands in the text as it was typed; then in what its reader sees of the rest.
            rest = replace(words, text=_as_read(self._cover(words.text)))
            findings += (*self._in(words), *self._in(rest))
        return findings

    def _cover(self, text: str) -> str:
        """Return the text with an ellipsis wherever a flag is found as it was typed."""
        places = [place for _kind, phrases in self._phrases for place in phrases.places(text)]
        pieces, at = list[str](), 0
        for start, end in sorted(places):
            if start >= at:
                pieces += (text[at:start], "…")
            at = max(at, end)
        return "".join((*pieces, text[at:]))

    def _in(self, words: Words) -> Iterator[Finding]:
        text = words.text
        for kind, phrases in self._phrases:
            for start, end in phrases.places(text):
                before = _shorten(text[max(0, start - _AROUND) : start], start > _AROUND, 0)
                after = _shorten(text[end : end + _AROUND], end + _AROUND < len(text), -1)
                place = (words.part, words.locale, words.field)
                yield Finding(kind, *place, before, text[start:end], after, words.subject)


def _as_read(text: str) -> str:
    """Return a text without marks, links, what nobody sees, and what may stand between names."""
    plain = _LINKED.sub("", html.unescape(unmarked(text)))
    seen = "".join(mark for mark in plain if unicodedata.category(mark) != "Cf")
    return " ".join(_BETWEEN.sub(" ", seen).split())


def texts_of_campaign(campaign: Campaign) -> Iterator[Words]:
    """Every text of the campaign that people read, and what the directory has of its targets."""
    yield from words_of_facts(campaign)
    for edition in campaign.editions:
        texts = {name: getattr(edition, name) for name in EDITION}
        yield from edition_words(edition.locale, **texts | {"asks": "\n".join(edition.asks)})
    names: dict[int | None, str] = {target.id: target.official.slug for target in campaign.targets}
    for target_id in dict.fromkeys([None, *names]):
        for locale, template in current_templates(campaign, target_id).items():
            yield from letter_words(locale, template, names.get(target_id, ""))
    for update in campaign.updates:
        for translation in update.editions:
            for name in ("title", "body"):
                yield Words(
                    "update", translation.locale, name, getattr(translation, name), str(update.id)
                )
        for locale, alt in (update.picture_alt or {}).items():
            yield Words("update", locale, "alt", alt, str(update.id))
    for locale, alt in (campaign.picture_alt or {}).items():
        yield Words("picture", locale, f"alt_{locale}", alt)
    yield from _words_of_targets(campaign)


def words_of_facts(campaign: Campaign) -> Iterator[Words]:
    for name in ("reference", "index_number", "person_name", "person_pronouns"):
        # Of one that is not saved yet, what was not typed is nothing.
        yield Words("facts", campaign.default_locale, name, getattr(campaign, name) or "")


def _words_of_targets(campaign: Campaign) -> Iterator[Words]:
    """What pages and letters say of the officials and missions, as the directory has it."""
    for target in campaign.targets:
        official, mission = target.official, target.mission
        for words in (official.office, official.salutation, official.close):
            for locale, text in words.items():
                yield Words("targets", locale, "official", text, official.slug)
        here = campaign.default_locale
        for text in (official.name, *official.address, official.locality):
            yield Words("targets", here, "official", text, official.slug)
        if mission:
            for locale, text in mission.name.items():
                yield Words("targets", locale, "mission", text, mission.slug)
            for text in (mission.head_of_mission, *mission.address, mission.locality):
                yield Words("targets", here, "mission", text, mission.slug)


def by_field(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    fields: dict[str, list[Finding]] = {}
    for finding in findings:
        fields.setdefault(finding.field, []).append(finding)
    return fields


def edition_words(locale: str, **texts: str) -> Iterator[Words]:
    for name, text in texts.items():
        yield Words("edition", locale, name, text)


def letter_words(locale: str, template: LetterTemplate, official: str) -> Iterator[Words]:
    for name in LETTER:
        yield Words("letter", locale, name, getattr(template, name), official)
    for place, point in enumerate(template.points):
        yield Words("letter", locale, f"points-{place}", point.text, official)


def _shorten(text: str, cut: bool, side: int) -> str:
    flat = text.replace("\n", " ")
    if not cut:
        return flat
    return "…" + flat.partition(" ")[2] if side == 0 else flat.rpartition(" ")[0] + "…"


@dataclass(frozen=True, slots=True)
class RewrittenLetters:
    """So many signed letters that a change rewrites.

    To an `official`: they go by another way, or no longer name that this one receives a copy.
    """

    letters: int
    official: Official | None = None
    was_copy: bool = False
    typed_name: str = ""
    """The person's old name, where letters have it typed out as well and keep it."""
    values: frozenset[str] = frozenset()
    """What they would say, or which way they would go."""

    @property
    def key(self) -> str:
        """Of the question whether it is meant, however many have signed by then."""
        official_id = self.official and self.official.id
        return question_key(
            "letters", official_id, self.was_copy, self.typed_name, *sorted(self.values)
        )


class RiskNamed(Invalid):
    """A text that everybody would read at once says what a flag rules out: `findings`.

    Or signed letters would say something else than their people read: `rewritten`.
    """

    def __init__(
        self, findings: Sequence[Finding], rewritten: Sequence[RewrittenLetters] = ()
    ) -> None:
        super().__init__("risk-named", fields={each.field: "risk-named" for each in findings})
        self.findings, self.rewritten = tuple(findings), tuple(rewritten)

    @property
    def keys(self) -> frozenset[str]:
        return frozenset(
            [*(each.key for each in self.findings), *(each.key for each in self.rewritten)]
        )


def refuse_unmeant(
    findings: Sequence[Finding], rewritten: Sequence[RewrittenLetters] = (), *, seen: Answers
) -> None:
    """Raise RiskNamed unless all of it was `seen`."""
    problem = RiskNamed(findings, rewritten)
    if not is_answered(problem, seen):
        raise problem


def watch_of(campaign: Campaign, *, after: int = 0) -> Watch:
    """The campaign's flags with an id beyond `after`, ready to look through texts."""
    return _watch(tuple((flag.kind, flag.words) for flag in list_flags(campaign, after)))


@lru_cache(maxsize=50)
def _watch(flags: tuple[tuple[RiskKind, str], ...]) -> Watch:
    return Watch(flags)


def list_flags(campaign: Campaign, after: int = 0) -> list[RiskFlag]:
    return [flag for flag in campaign.risk_flags if not after or flag.id > after]


def newest_flag(campaign: Campaign) -> int:
    """Return the id of the flag that was set last; 0: there is none."""
    return max((flag.id for flag in campaign.risk_flags), default=0)


def list_secret_words(campaign: Campaign, *, after: int = 0) -> Sequence[str]:
    """List the words not allowed in a letter that have a word in common with a risk flag.

    The form must not refuse them by name: whoever tries names one by one would learn the flag's.
    """
    flags = tuple(flag.words for flag in list_flags(campaign, after))
    return _select_secret(flags, tuple(campaign.forbidden_words or ()))


@lru_cache(maxsize=50)
def _select_secret(flags: tuple[str, ...], ruled_out: tuple[str, ...]) -> Sequence[str]:
    return tuple(
        words for words in ruled_out if any(_have_in_common(words, flagged) for flagged in flags)
    )


def _have_in_common(words: str, flagged: str) -> bool:
    """Whether both have a word, or longer ones that begin alike: "Lysing" and "Lysings"."""
    if _says(words, flagged) or _says(flagged, words):  # also in scripts without spaces
        return True
    return any(
        word == name or (min(len(word), len(name)) >= _STEM and _begin_alike(word, name))
        for word in split_words(words)
        for name in split_words(flagged)
    )


def _says(text: str, words: str) -> bool:
    phrases = phrases_of([words])
    return phrases is not None and any(phrases.places(text))


def _begin_alike(word: str, name: str) -> bool:
    return word.startswith(name) or name.startswith(word)


def set_flags(
    session: Session,
    campaign: Campaign,
    *,
    actor: str,
    words: Iterable[tuple[RiskKind, str]],
    embargo_until: datetime | None,
) -> None:
    """Make the flags exactly these.

    Where a text of a campaign that opens by itself says a new one, the opening is taken off:
    whoever scheduled it was not asked about these words. The audit tells how many there are of a
    kind, never which. Raises Invalid, SpoilsOpening.
    """
    flags = list(dict.fromkeys((kind, line) for kind, text in words if (line := one_line(text))))
    for kind, line in flags:
        if len(line) > LONGEST or not any(map(str.isalnum, line)):
            raise Invalid(fields={kind.value: "not-a-word"})
    if len(flags) > MOST_FLAGS:
        raise Invalid(fields={flags[0][0].value: "words-too-many"})
    moves_embargo = embargo_until != campaign.embargo_until
    if embargo_until is not None and moves_embargo and campaign.opened_at is not None:
        raise Invalid(fields={"embargo_until": "embargo-too-late"})
    # Its opening, another who sets flags, or a bundle that is frozen: wait for it, or let it wait.
    session.refresh(campaign, ("status", "open_at"), with_for_update={"key_share": True})
    session.refresh(campaign, ("risk_flags",))
    flags_before = {(flag.kind, flag.words): flag for flag in campaign.risk_flags}
    if set(flags_before) == set(flags) and not moves_embargo:
        return
    campaign.risk_flags = [
        flags_before.get((kind, line)) or RiskFlag(kind=kind, words=line) for kind, line in flags
    ]
    campaign.embargo_until = embargo_until
    counts = {kind.value: sum(flag_kind is kind for flag_kind, _ in flags) for kind in RiskKind}
    embargoed = embargo_until is not None
    record_change(session, campaign, actor, "campaign.risks", flags=counts, embargo=embargoed)
    jobs.enqueue(session, "screening.check-flags", campaign.id)
    new = Watch(flag for flag in flags if flag not in flags_before)
    if campaign.status is CampaignStatus.SCHEDULED and new.findings(texts_of_campaign(campaign)):
        move(session, campaign, CampaignStatus.DRAFT, actor, by_edit=True)
    elif moves_embargo:
        check_opening(session, campaign, "embargo_until")


def has_bundles(session: Session, campaign: Campaign) -> bool:
    """Whether letters of the campaign are, or were, in a bundle that was not cancelled."""
    stand = (Bundle.state != BundleState.CANCELLED, Bundle.letter_count > 0)
    return db.has_row(session, select(Bundle.id).where(Bundle.campaign_id == campaign.id, *stand))


def refuse_named(
    campaign: Campaign,
    texts: Iterable[Words],
    *,
    seen: Answers,
    rewritten: Sequence[RewrittenLetters] = (),
) -> None:
    """Ask once more before a text leaves the desk that says what a flag rules out.

    Every text on its way to the public, to a mail or to paper passes here. Raises RiskNamed, but
    on a draft, which only the desk reads: there the warning stands beside the text. What is asked
    of `rewritten` letters is asked at once.
    """
    is_on_its_way = campaign.status in _ON_ITS_WAY
    findings = find_named_in([campaign], texts) if is_on_its_way else []
    refuse_unmeant(findings, rewritten, seen=seen)


def refuse_named_in(
    campaigns: Iterable[Campaign], texts: Iterable[Words], *, seen: Answers
) -> None:
    """The same for a text of several campaigns, whatever their status. Raises RiskNamed."""
    refuse_unmeant(find_named_in(campaigns, texts), seen=seen)


def find_named_in(campaigns: Iterable[Campaign], texts: Iterable[Words]) -> list[Finding]:
    words = list(texts)
    by_campaign = (watch_of(campaign).findings(words) for campaign in campaigns)
    return list(dict.fromkeys(chain.from_iterable(by_campaign)))


def find_naming(
    session: Session, model: type[Official | Mission], texts: Mapping[int, Iterable[str]]
) -> dict[int, list[Naming]]:
    """Entries of the directory that break a flag of a campaign on its way that names them.

    `texts` is what each would say, by its id.
    """
    entry: Any = Target.official_id if model is Official else Target.mission_id
    naming = session.execute(
        select(entry, Campaign.id)
        .join(Campaign, Campaign.id == Target.campaign_id)
        .where(Campaign.status.in_(_ON_ITS_WAY), Campaign.risk_flags.any(), entry.is_not(None))
        .distinct()
    )
    by_entry: dict[int, list[Naming]] = {}
    for entry_id, campaign_id in naming:
        words = [Words("entry", "", "", text) for text in texts.get(entry_id, ())]
        if not words:
            continue
        campaign = session.get_one(Campaign, campaign_id)
        if watch_of(campaign).findings(words):
            flagged = naming_of(session, campaign, model.__tablename__, is_flagged=True)
            by_entry.setdefault(entry_id, []).append(flagged)
    return by_entry


def naming_of(session: Session, campaign: Campaign, kind: str, *, is_flagged: bool) -> Naming:
    is_public = campaign.status in lifecycle.PUBLIC
    waits = needs_second_person() and campaign.status in lifecycle.APPROVED_BY_OTHERS

    def return_to_review(actor: str) -> None:
        record_change(session, campaign, actor, "campaign.entry", kind=kind)

    return Naming(
        campaign,
        is_flagged,
        is_public,
        cancels_opening=waits and campaign.status is CampaignStatus.SCHEDULED,
        return_to_review=return_to_review if waits else None,
    )


def words_by_field(part: str, texts: Mapping[str, str], field: str) -> list[Words]:
    """A text per language, as flags look through it; `field` begins the form's name."""
    return [Words(part, code, f"{field}{code}", text) for code, text in texts.items()]


def refuse_published(
    session: Session, campaign: Campaign, texts: Iterable[Words], *, seen: Answers
) -> None:
    """Ask once more before everybody reads what a flag rules out, or what is blacked out."""
    words = list(texts)
    named = find_named_in([campaign], words) if campaign.status in _ON_ITS_WAY else []
    refuse_unmeant([*named, *find_told(session, campaign, words)], seen=seen)


def refuse_changed(
    session: Session,
    campaign: Campaign,
    texts: Iterable[Words],
    *,
    seen: Answers,
    letters: RewrittenLetters | None = None,
) -> None:
    """The same before a page, a letter or a note changes; or `letters` that people have signed.

    A word that is blacked out may stand where it stood before: whoever corrects a comma beside it
    tells nothing new.
    """
    words, findings = list(texts), list[Finding]()
    if campaign.status in _ON_ITS_WAY:
        read_already = texts_of_campaign(campaign)
        findings += find_named_in([campaign], words)
        findings += find_told(session, campaign, words, read_already)
    refuse_unmeant(findings, [letters] if letters and letters.letters else (), seen=seen)


def find_blacked_out(marked: Iterable[str], shown: Sequence[Words]) -> list[Finding]:
    """Find the words of passages left out of the `marked` texts that `shown` say. Pure."""
    hidden = [passage for text in marked for passage in list_hidden(text)]
    words = find_telling_words(hidden, [text.text for text in shown])
    return Watch((None, word) for word in sorted(words)).findings(shown)


def find_told(
    session: Session, campaign: Campaign, shown: Iterable[Words], read_already: Iterable[Words] = ()
) -> list[Finding]:
    """Find what texts say anew of what is blacked out in a reply to the campaign."""
    own = select(Reply).filter_by(campaign_id=campaign.id)
    replies = session.scalars(own.options(selectinload(Reply.translations)))
    marked = [text for reply in replies for text in list_reply_texts(reply).values()]
    findings = find_blacked_out(marked, list(shown))
    if not findings:
        return []
    known = {word for text in read_already for word in split_words(text.text)}
    return [each for each in findings if not known.issuperset(split_words(each.found))]


def list_reply_texts(reply: Reply) -> dict[str, str]:
    """Return the answer and its translations as they were typed, by language."""
    translations = {translation.locale: translation.text for translation in reply.translations}
    return {reply.locale: reply.text} | translations
