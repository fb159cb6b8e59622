"""What must not stand in a letter, and the points that must, told before it is sent. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from phonenumbers import Leniency, PhoneNumberMatcher

from campaign.core.language_facts import read_language_file, translated_languages
from campaign.core.text.fold import fold, split_words
from campaign.core.text.phrases import Phrases, phrases_of

FORBIDDEN = "forbidden-word"
INSULT = "insult"
THREAT = "threat"
PHONE = "phone-number"
LINK = "link"

_FEWEST_DIGITS = 6
_KEPT = 0.7  # Share of a point's words that must be near each other for it to be recognised
_ROOM = 2  # In a stretch of so many times its length
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
)  # Figures as they are dialled within a country, whichever it is: with the zero that goes before
_AFTER = ".,;:!?…»)]}'\"”’"


@dataclass(frozen=True, slots=True)
class WordProblem:
    kind: str
    text: str  # As it stands in the letter


@dataclass(frozen=True, slots=True)
class WordRules:
    forbidden: Phrases | None = None
    regions: tuple[str, ...] = ()
    """Countries whose telephone numbers are known without their prefix."""
    allowed: frozenset[str] = frozenset()
    """What the campaign's own letter says, folded: that is never the supporter's fault."""
    held: frozenset[str] = frozenset()
    """Kinds that the campaign has looked at later (`ScreeningRules`) instead of refused."""
    insult_languages: tuple[str, ...] | None = None  # Whose lists of insults apply; None: all

    def findings(self, text: str, country: str = "") -> list[WordProblem]:
        regions = (*self.regions, country) if country else self.regions
        ruled_out = self.forbidden.in_text(text) if self.forbidden else ()
        findings = [
            *(WordProblem(FORBIDDEN, words) for words in ruled_out),
            *(WordProblem(INSULT, words) for words in _plain_insults(self.insult_languages, text)),
            *(WordProblem(THREAT, words) for words in self._threats(text)),
            *(WordProblem(LINK, words) for words in links(text)),
            *(WordProblem(PHONE, words) for words in phones(text, regions)),
        ]
        own = dict.fromkeys(
            finding
            for finding in findings
            if finding.kind not in self.held and fold(finding.text) not in self.allowed
        )
        return list(own)

    def _threats(self, text: str) -> Iterable[str]:
        """Return threats that are the writer's own; what is quoted is looked at later."""
        if INSULT in self.held:
            return ()
        return [text[start:end] for start, end in threat_places(text) if not _quoted(text, start)]

    def allowing(self, texts: Iterable[str]) -> "WordRules":
        own_words = {fold(finding.text) for text in texts for finding in self.findings(text)}
        return replace(self, allowed=self.allowed | own_words)


def word_rules_of(
    forbidden: Iterable[str],
    regions: Iterable[str],
    own_texts: Iterable[str] = (),
    *,
    held: Iterable[str] = (),
    insult_languages: tuple[str, ...] | None = None,
) -> WordRules:
    bare = WordRules(phrases_of(forbidden), tuple(dict.fromkeys(regions))).allowing(own_texts)
    return replace(bare, held=frozenset(held), insult_languages=insult_languages)


@lru_cache(maxsize=50)
def insults_in(languages: tuple[str, ...] | None) -> Phrases | None:
    return phrases_of(
        word
        for language, words in words_by_language("insults").items()
        if languages is None or language in languages
        for word in words
    )


def insult_languages() -> list[str]:
    return list(words_by_language("insults"))


def is_in_prose(words: str) -> bool:
    """Tell whether these are in honest letters, too ("a bastard child"): held, not refused."""
    return fold(" ".join(words.split())) in _in_prose()


def threat_places(text: str) -> Iterator[tuple[int, int]]:
    return _threats().places(text)


@lru_cache(maxsize=1)
def _threats() -> Phrases:
    phrases = phrases_of(word for words in words_by_language("threats").values() for word in words)
    assert phrases is not None
    return phrases


@lru_cache(maxsize=1)
def _in_prose() -> frozenset[str]:
    return frozenset(
        fold(word) for words in words_by_language("insults_in_prose").values() for word in words
    )


def _quoted(text: str, start: int) -> bool:
    before = text[:start].rpartition("\n")[2]
    opened = max(map(before.rfind, "“«„‹「"))
    closed = max(map(before.rfind, "”»›」"))
    return opened > closed or before.count('"') % 2 == 1


@cache
def words_by_language(name: str) -> Mapping[str, Sequence[str]]:
    """Read a list of `translations/<code>/screening.toml`, of each language that has one."""
    files = {code: read_language_file(code, "screening.toml") for code in translated_languages()}
    return {code: file[name] for code, file in files.items() if name in file}


def _plain_insults(languages: tuple[str, ...] | None, text: str) -> Iterable[str]:
    phrases = insults_in(languages)
    insults = phrases.in_text(text) if phrases else ()
    return (words for words in insults if not is_in_prose(words))


def links(text: str) -> list[str]:
    addresses = []
    if "@" in text:
        addresses += _MAIL.findall(text)
    if "." in text or "://" in text:
        rest = _MAIL.sub(" ", text) if addresses else text
        addresses += [match[0].rstrip(_AFTER) for match in _WEB.finditer(rest)]
    return addresses


def phones(text: str, regions: Iterable[str] = ()) -> list[str]:
    """List such as exist, with their prefix or as in `regions`, and what is dialled by a zero."""
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return []
    numbers: dict[str, None] = {}
    for region in dict.fromkeys([*regions, None]):
        for match in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
            # Spaces alone may part the figures of a sum or of two years.
            if region is None or _looks_dialled(match.raw_string):
                numbers.setdefault(match.raw_string)
    known = "\n".join(numbers)
    numbers |= dict.fromkeys(match[0] for match in _DIALLED.finditer(text) if match[0] not in known)
    return list(numbers)


def missing_points(text: str, points: Mapping[str, str]) -> list[str]:
    """Return the keys of required points that cannot be recognised in a rewritten letter."""
    words = split_words(text)
    whole = " ".join(words)
    return [
        key
        for key, point in points.items()
        if (point_words := split_words(point))
        and " ".join(point_words) not in whole
        and not _near(words, point_words)
    ]


def _near(words: Sequence[str], wanted: Sequence[str]) -> bool:
    """Tell whether a stretch of the text has most of the words, and every figure among them."""
    length = max(len(wanted) * _ROOM, 8)
    needed = Counter(wanted)
    figures = {word for word in wanted if any(map(str.isdigit, word))}
    if not figures <= set(words):
        return False
    enough = _KEPT * len(wanted)
    window: Counter[str] = Counter()
    shared = 0
    for at, word in enumerate(words):
        if window[word] < needed[word]:
            shared += 1
        window[word] += 1
        if at >= length:
            left = words[at - length]
            window[left] -= 1
            if window[left] < needed[left]:
                shared -= 1
        if shared >= enough:
            return True
    return False


def _looks_dialled(text: str) -> bool:
    return not re.fullmatch(r"[\d\s]{1,8}|\d{4}[\s–-]+\d{4}", text)
