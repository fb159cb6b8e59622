"""Words and phrases that are looked for whole: ruled out, insulting, or a risk. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from campaign.core.text.fold import fold, fold_with_places

# Arabic writes "and", "in", "like", "to" and "the" as one with the word that follows.
_RUN = re.compile(r"[^\W_]+")
_ARABIC = re.compile("[\u0620-\u06ff]")
_ARABIC_PREFIX = "(?:[وفبكل]{0,2}(?:ال)?)"
# Scripts that put no spaces between words: a word is found wherever it stands.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Words and phrases to be found whole."""

    pattern: re.Pattern[str]
    """Finds any of them in folded text."""
    beginnings: frozenset[str]
    """The first word of each: a text without any of these need not be searched."""
    anywhere: re.Pattern[str] | None
    """What a text has in which one may stand within a longer word."""

    def in_text(self, text: str) -> Iterator[str]:
        """Yield each that is in `text`, as it is written there."""
        for start, end in self.places(text):
            yield text[start:end]

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in `text` each of them begins and ends."""
        plain = fold(text)
        if self.beginnings.isdisjoint(_RUN.findall(plain)) and not (
            self.anywhere and self.anywhere.search(plain)
        ):
            return
        plain, places = fold_with_places(text)
        for match in self.pattern.finditer(plain):
            yield places[match.start()], places[match.end() - 1] + 1


def phrases_of(words: Iterable[str]) -> Phrases | None:
    """Return these words and phrases; None where there are none."""
    folded = {fold(" ".join(word.split())) for word in words}
    plain = {phrase for phrase in folded if any(map(str.isalnum, phrase))}
    if not plain:
        return None
    # The longest first: of two that begin alike the phrase is named, not the word.
    parts = map(_part, sorted(plain, key=lambda phrase: (-len(phrase), phrase)))
    within = {script for script in (_ARABIC, _UNSPACED) if any(map(script.match, plain))}
    anywhere = "|".join(sorted(script.pattern for script in within))
    return Phrases(
        pattern=re.compile("|".join(parts)),
        beginnings=frozenset(_RUN.findall(phrase)[0] for phrase in plain),
        anywhere=re.compile(anywhere) if anywhere else None,
    )


def _part(plain: str) -> str:
    body = r"\s+".join(map(re.escape, plain.split(" ")))
    before = "" if _UNSPACED.match(plain[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(plain[-1]) else r"(?!\w)"
    return f"{before}{_ARABIC_PREFIX if _ARABIC.match(plain) else ''}{body}{after}"
