"""What must not stand in a letter, pointed at before it is sent. Pure.

Words that the organizers ruled out, insults, telephone numbers, addresses of the web and of mail.
And what must: required points that a supporter wrote in words of their own.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from phonenumbers import Leniency, PhoneNumberMatcher

from campaign.core.text.fold import fold, split_words
from campaign.core.text.phrases import Phrases, phrases_of

FORBIDDEN = "forbidden-word"
INSULT = "insult"
THREAT = "threat"
PHONE = "phone-number"
LINK = "link"

_FEWEST_DIGITS = 6
_KEPT = 0.7
"""Share of a point's words that must be near each other for it to be recognised."""
_ROOM = 2
"""In a stretch of so many times its length."""
_MAIL = re.compile(r"[^\s@<>()\[\],;:]{1,64}@[^\s@<>()\[\],;:]{1,190}\.[^\W\d_]{2,24}")
_WEB = re.compile(
    r"""(?ix)(?<![\w@.])(?:
    (?:https?|ftp)://\S+ | www\.[^\s.]+\.\S+
    | (?:[\w-]{1,63}\.){1,4}(?:com|org|net|info|biz|xyz|gov|edu)(?![\w-])(?:/\S*)?
    | (?:[\w-]{1,63}\.){1,4}[a-z]{2,10}/\S+
    )"""
)
_DIALLED = re.compile(
    r"""(?x)(?<![\w.,/-]) [0٠۰] (?:
      \d{8,10} | [0٠۰][^\D0]\d{8,11} | \d([ .-])\d\d(?:\1\d\d){3} | \d{2,3}([ .-])\d{3}\2\d{3,4}
    ) (?![\w])"""
)
"""Figures as they are dialled within a country, whichever it is: with the zero that goes before."""
_AFTER = ".,;:!?…»)]}'\"”’"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that must be mended."""

    kind: str
    """FORBIDDEN, INSULT, THREAT, PHONE or LINK."""
    text: str
    """As it stands in the letter."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What one campaign's letters are held to."""

    forbidden: Phrases | None = None
    """The organizers' words."""
    regions: tuple[str, ...] = ()
    """Countries whose telephone numbers are known without their prefix."""
    allowed: frozenset[str] = frozenset()
    """What the campaign's own letter says, folded: that is never the supporter's fault."""
    held: frozenset[str] = frozenset()
    """Kinds that the campaign has looked at later (`ScreeningRules`) instead of refused."""
    insult_languages: tuple[str, ...] | None = None
    """Whose lists of insults apply; None: all."""

    def findings(self, text: str, country: str = "") -> list[Finding]:
        """All that is wrong with a text, each once; `country` is where its writer lives."""
        regions = (*self.regions, country) if country else self.regions
        ruled_out = self.forbidden.in_text(text) if self.forbidden else ()
        found = [
            *(Finding(FORBIDDEN, one) for one in ruled_out),
            *(Finding(INSULT, one) for one in _plain_insults(self.insult_languages, text)),
            *(Finding(THREAT, one) for one in self._threats(text)),
            *(Finding(LINK, one) for one in links(text)),
            *(Finding(PHONE, one) for one in phones(text, regions)),
        ]
        kept = dict.fromkeys(
            one for one in found if one.kind not in self.held and fold(one.text) not in self.allowed
        )
        return list(kept)

    def _threats(self, text: str) -> Iterable[str]:
        """Threats that are the writer's own; what is quoted is looked at later."""
        if INSULT in self.held:
            return ()
        return [text[start:end] for start, end in threat_places(text) if not _quoted(text, start)]

    def allowing(self, texts: Iterable[str]) -> "Guard":
        """The same guard, to which nothing is wrong that stands in one of `texts`."""
        said = {fold(one.text) for text in texts for one in self.findings(text)}
        return replace(self, allowed=self.allowed | said)


def guard_of(
    forbidden: Iterable[str],
    regions: Iterable[str],
    own_texts: Iterable[str] = (),
    *,
    held: Iterable[str] = (),
    insult_languages: tuple[str, ...] | None = None,
) -> Guard:
    """The guard of a campaign: `own_texts` are what its letters say already."""
    bare = Guard(phrases_of(forbidden), tuple(dict.fromkeys(regions)))
    said = frozenset(fold(one.text) for text in own_texts for one in bare.findings(text))
    return Guard(bare.forbidden, bare.regions, said, frozenset(held), insult_languages)


def insults() -> Phrases:
    """Words with which a letter is not read; only such as are insults in every language we have."""
    found = insults_in(None)
    assert found is not None
    return found


@lru_cache(maxsize=50)
def insults_in(languages: tuple[str, ...] | None) -> Phrases | None:
    """The lists of these languages; None: of all."""
    return phrases_of(
        word
        for language, words in _insult_lists().items()
        if languages is None or language in languages
        for word in words
    )


def insult_languages() -> list[str]:
    """Languages that have a list."""
    return list(_insult_lists())


def is_in_prose(words: str) -> bool:
    """Whether these also stand in honest letters ("a bastard child"): held then, not refused."""
    return fold(" ".join(words.split())) in _in_prose()


def threat_places(text: str) -> Iterator[tuple[int, int]]:
    """Where a text threatens its reader, or quotes who threatened somebody."""
    return _threats().places(text)


@lru_cache(maxsize=1)
def _threats() -> Phrases:
    found = phrases_of(one for words in _lists("threats.json").values() for one in words)
    assert found is not None
    return found


@lru_cache(maxsize=1)
def _in_prose() -> frozenset[str]:
    return frozenset(
        fold(one) for words in _lists("insults_in_prose.json").values() for one in words
    )


def _quoted(text: str, start: int) -> bool:
    """Whether a quotation is open there, within its paragraph."""
    before = text[:start].rpartition("\n")[2]
    opened = max(map(before.rfind, "“«„‹「"))
    closed = max(map(before.rfind, "”»›」"))
    return opened > closed or before.count('"') % 2 == 1


@lru_cache(maxsize=1)
def _insult_lists() -> Mapping[str, Sequence[str]]:
    return _lists("insults.json")


def _lists(name: str) -> Mapping[str, Sequence[str]]:
    """Words by language, of a file beside this one."""
    lists: Mapping[str, Sequence[str]] = json.loads(
        Path(__file__).with_name(name).read_text(encoding="utf-8")
    )
    return lists


def _plain_insults(languages: tuple[str, ...] | None, text: str) -> Iterable[str]:
    phrases = insults_in(languages)
    found = phrases.in_text(text) if phrases else ()
    return (one for one in found if not is_in_prose(one))


def links(text: str) -> list[str]:
    """Addresses of the web and of mail."""
    found = []
    if "@" in text:
        found += _MAIL.findall(text)
    if "." in text or "://" in text:
        rest = _MAIL.sub(" ", text) if found else text
        found += [match[0].rstrip(_AFTER) for match in _WEB.finditer(rest)]
    return found


def phones(text: str, regions: Iterable[str] = ()) -> list[str]:
    """Telephone numbers: with their country's prefix, as in one of `regions`, or dialled by a zero.

    Of the first two only such as exist.
    """
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return []
    found: dict[str, None] = {}
    for region in dict.fromkeys([*regions, None]):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            # Spaces alone may part the figures of a sum or of two years.
            if region is None or _looks_dialled(match.raw_string):
                found.setdefault(match.raw_string)
    known = "\n".join(found)
    found |= dict.fromkeys(one[0] for one in _DIALLED.finditer(text) if one[0] not in known)
    return list(found)


def missing_points(text: str, points: Mapping[str, str]) -> list[str]:
    """The keys of required points that cannot be recognised in a text of the supporter's own."""
    have = split_words(text)
    whole = " ".join(have)
    return [
        key
        for key, point in points.items()
        if (wanted := split_words(point))
        and " ".join(wanted) not in whole
        and not _near(have, wanted)
    ]


def _near(have: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether a stretch of the text has most of the words, and every figure among them."""
    length = max(len(wanted) * _ROOM, 8)
    needed = Counter(wanted)
    figures = {word for word in wanted if any(map(str.isdigit, word))}
    if not figures <= set(have):
        return False
    enough = _KEPT * len(wanted)
    window: Counter[str] = Counter()
    shared = 0
    for at, word in enumerate(have):
        if window[word] < needed[word]:
            shared += 1
        window[word] += 1
        if at >= length:
            gone = have[at - length]
            window[gone] -= 1
            if window[gone] < needed[gone]:
                shared -= 1
        if shared >= enough:
            return True
    return False


def _looks_dialled(text: str) -> bool:
    return not re.fullmatch(r"[\d\s]{1,8}|\d{4}[\s–-]+\d{4}", text)
