"""Words and phrases that are looked for whole: ruled out, insulting, or a risk. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from campaign.core.text.fold import fold, fold_with_places

# Arabic writes "and", "in", "like", "to" and "the" as one with the word that follows.
_RUN = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[\u0620-\u06ff]")
_ARABIC_PREFIX = "(?:[وفبكل]{0,2}(?:ال)?)"
_NO_LETTER_BEFORE = r"(?<!\w)"
# Scripts that put no spaces between words: a word is found wherever it stands.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Phrases:
    pattern: str  # finds any of them in folded text
    by_beginning: Mapping[str, str]
    """Finds those with this first word: a text is searched for those of its own words alone."""
    anywhere: re.Pattern[str] | None  # what a text has in which one may stand within a longer word

    def in_text(self, text: str) -> Iterator[str]:
        for start, end in self.places(text):
            yield text[start:end]

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        plain = fold(text)
        if self.anywhere and self.anywhere.search(plain):
            patterns = [_compiled(self.pattern)]
        else:
            beginnings = self.by_beginning.keys() & _RUN.findall(plain)
            patterns = [_compiled(self.by_beginning[beginning]) for beginning in beginnings]
        if not patterns:
            return
        plain, places = fold_with_places(text)
        end = 0
        while matches := [match for pattern in patterns if (match := pattern.search(plain, end))]:
            match = min(matches, key=re.Match.start)
            end = match.end()
            yield places[match.start()], places[end - 1] + 1


def phrases_of(words: Iterable[str]) -> Phrases | None:
    folded = {fold(" ".join(word.split())) for word in words}
    plain = {phrase for phrase in folded if any(map(str.isalnum, phrase))}
    if not plain:
        return None
    # The longest first: of two that begin alike the phrase is named, not the word.
    longest_first = sorted(plain, key=lambda phrase: (-len(phrase), phrase))
    by_beginning: dict[str, list[str]] = defaultdict(list)
    for phrase in longest_first:
        by_beginning[_RUN.findall(phrase)[0]].append(_part(phrase))
    within = {script for script in (_ARABIC, _UNSPACED) if any(map(script.match, plain))}
    anywhere = "|".join(sorted(script.pattern for script in within))
    return Phrases(
        pattern="|".join(map(_part, longest_first)),
        by_beginning={word: _any_of(parts) for word, parts in by_beginning.items()},
        anywhere=re.compile(anywhere) if anywhere else None,
    )


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _any_of(parts: Sequence[str]) -> str:
    """Any of what begins with one word: looked at where that word begins, not at every sign."""
    if not all(part.startswith(_NO_LETTER_BEFORE) for part in parts):
        return "|".join(parts)
    rests = "|".join(part.removeprefix(_NO_LETTER_BEFORE) for part in parts)
    return f"{_NO_LETTER_BEFORE}(?:{rests})"


def _part(plain: str) -> str:
    body = r"\s+".join(map(re.escape, plain.split(" ")))
    before = "" if _UNSPACED.match(plain[0]) else _NO_LETTER_BEFORE
    after = "" if _UNSPACED.match(plain[-1]) else r"(?!\w)"
    return f"{before}{_ARABIC_PREFIX if _ARABIC.match(plain) else ''}{body}{after}"
