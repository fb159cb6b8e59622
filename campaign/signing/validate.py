"""What supporters type, held to what can be stored, mailed and printed. Pure.

Every text comes out of here tidied (NFC, without invisible marks and doubled spaces) or as a
Problem: a slug and the data that its wording needs (`form/forms.py`). Nothing here raises.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from campaign.core.text.fold import western_digits
from campaign.directory.countries import country_codes
from campaign.directory.postal_addresses import formatted_code
from campaign.models.signature import Disclosure
from campaign.public.share_links import clean_source
from campaign.signing.address import check_address, names_street, printed_region
from campaign.signing.checks.wordlist import (
    FORBIDDEN,
    INSULT,
    LINK,
    PHONE,
    THREAT,
    WordRules,
    links,
    missing_points,
)
from campaign.signing.clean_text import Problem, check_line, check_text, length_of
from campaign.signing.letter.compose import Writer, order_points

_COMMON = (
    "gmail.com",
    "hotmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "protonmail.com",
    "googlemail.com",
    "yahoo.ca",
    "yahoo.fr",
    "orange.fr",
    "videotron.ca",
)  # Large providers; a list of our own, to be lengthened where supporters mistype others
_REAL = frozenset({"mail.com", "email.com", "gmx.com", "ymail.com", "hotmail.ca", "hotmail.fr"})
"""Providers one slip away from another one."""
NAME_LIMIT = 100
PLACE_LIMIT = 100
POSTAL_CODE_LIMIT = 20
EMAIL_LIMIT = 254  # Characters of an address (RFC 5321: 256 with the brackets)
CARD_WORDS_LIMIT = 300  # Characters of own words on a card
FULL_TEXT_LIMIT = 5000
"""Characters of a letter that a supporter writes anew; what prints on a page is less."""
_FULL_TEXT_PARAGRAPHS = 40
_PLAIN_LOCAL = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*")
Problems = dict[str, Problem]
_KINDS = (FORBIDDEN, INSULT, THREAT, PHONE, LINK)
_UNREADABLE = {"nul", "not-text", "control-character", "bidi-control"}
_LINES = {
    "given_name": (NAME_LIMIT, "give-name"),
    "family_name": (NAME_LIMIT, ""),
    "email": (EMAIL_LIMIT, "give-email"),
    "locality": (PLACE_LIMIT, "give-locality"),
    "region": (PLACE_LIMIT, ""),
    "postal_code": (POSTAL_CODE_LIMIT, ""),
    "country": (2, "choose-country"),
}


def suggest_address(address: str) -> str:
    local, at, domain = address.rpartition("@")
    typed = domain.casefold()
    if not at or typed in _COMMON or typed in _REAL:
        return ""
    near = next((provider for provider in _COMMON if _one_slip(typed, provider)), "")
    return f"{local}@{near}" if near else ""


def _one_slip(typed: str, right: str) -> bool:
    if abs(len(typed) - len(right)) > 1:
        return False
    if len(typed) == len(right):
        at = [n for n, (a, b) in enumerate(zip(typed, right, strict=True)) if a != b]
        if len(at) == 1:
            return True
        swapped = len(at) == 2 and at[1] == at[0] + 1
        return swapped and typed[at[0]] == right[at[1]] and typed[at[1]] == right[at[0]]
    longer, shorter = (typed, right) if len(typed) > len(right) else (right, typed)
    return any(longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForm(Writer):
    email: str
    consent_updates: bool
    consent_network: bool
    letter_locale: str
    source: str = ""  # What led here; empty: unknown


@dataclass(frozen=True, slots=True)
class Offer:
    letter_locales: tuple[str, ...]
    points: tuple[tuple[str, bool], ...]
    most_own_words: int | None = None
    """Characters of own words that there is room for, where that is less than usual."""
    word_rules: WordRules = WordRules()  # noqa: RUF009 - it is frozen
    facts: Mapping[str, str] | None = None
    """Required points by key, where the whole letter may be rewritten: these must stay in it."""

    def limit(self, usual: int) -> int:
        return usual if self.most_own_words is None else min(usual, self.most_own_words)


@dataclass(frozen=True, slots=True)
class LetterWords:
    own_words: str
    points: tuple[str, ...]
    letter_locale: str
    full_text: str = ""

    def signed_by(self, writer: Writer) -> Writer:
        return replace(
            writer, own_words=self.own_words, points=self.points, full_text=self.full_text
        )


def check_words(
    values: Mapping[str, str], points: Iterable[str], offer: Offer, *, limit: int
) -> tuple[LetterWords, Problems]:
    """Check the letter's own part. With problems, what could be read is given as it came."""
    problems: Problems = {}
    typed, country = values.get("own_words", ""), values.get("country", "")
    own_words = check_text(typed, limit=offer.limit(limit))
    if isinstance(own_words, Problem):
        if own_words.slug == "too-long-words" and offer.most_own_words is not None:
            own_words = Problem("too-long-card", own_words.data)
        problems["own_words"] = _with_wording(own_words, typed, offer.word_rules, country)
        own_words = ""
    elif problem := check_wording(own_words, offer.word_rules, country):
        problems["own_words"] = problem
    full_text, problem = check_full_text(values, offer)
    if problem:
        problems["full_text"] = problem
    chosen = tuple(points)
    if set(chosen) - {key for key, _ in offer.points}:
        problems["points"] = Problem("points-changed")
    keys = order_points(chosen, offer.points)
    locale = values.get("letter_locale", "") or offer.letter_locales[0]
    if locale not in offer.letter_locales:
        problems["letter_locale"] = Problem("no-such-language")
    if full_text:  # it prints in the place of own words: what stands in those is set aside
        problems.pop("own_words", None)
        own_words = ""
    return LetterWords(own_words, keys, locale, full_text), problems


def check_form(
    values: Mapping[str, str], points: Iterable[str], offer: Offer, *, limit: int
) -> tuple[SignedForm | None, Problems]:
    words, problems = check_words(values, points, offer, limit=limit)
    tidy, wrong = _check_lines(values)
    problems |= wrong
    disclosure = values.get("disclosure", "")
    if disclosure not in set(Disclosure):
        problems["disclosure"] = Problem("choose-disclosure")
    if not problems.keys() & {"country", "locality", "region", "postal_code"}:
        address = {name: tidy[name] for name in ("country", "locality", "region", "postal_code")}
        problems |= check_address(**address, disclosure=disclosure)
        if names_street(tidy["locality"]) and not is_ticked(values.get("town_is_right", "")):
            problems["locality"] = Problem("street-as-town")
    if problems:
        return None, problems
    return (
        SignedForm(
            **tidy | asdict(words),
            disclosure=Disclosure(disclosure),
            consent_updates=is_ticked(values.get("consent_updates", "")),
            consent_network=is_ticked(values.get("consent_network", "")),
            source=clean_source(values.get("source", "")),
        ),
        problems,
    )


def _check_lines(values: Mapping[str, str]) -> tuple[dict[str, str], Problems]:
    tidy: dict[str, str] = {}
    problems: Problems = {}
    for name, (most, needed) in _LINES.items():
        checked = check_line(values.get(name, ""), limit=most, needed=needed)
        if isinstance(checked, Problem):
            problems[name] = checked
        else:
            tidy[name] = western_digits(checked) if name == "postal_code" else checked
    for name, check in (
        ("given_name", check_has_letter),
        ("family_name", check_has_letter),
        ("locality", check_has_letter),
        ("given_name", check_no_link),
        ("family_name", check_no_link),
        ("locality", check_no_link),
        ("email", check_email),
        ("country", check_country),
    ):
        if name in tidy and (problem := check(tidy[name])):
            problems[name] = problem
    if tidy.keys() >= {"postal_code", "country"} and "country" not in problems:
        tidy["postal_code"] = formatted_code(tidy["country"], tidy["postal_code"])
    if tidy.keys() >= {"region", "country"}:
        tidy["region"] = printed_region(tidy["country"], tidy["region"])
    return tidy, problems


def check_full_text(values: Mapping[str, str], offer: Offer) -> tuple[str, Problem | None]:
    """Tidy the letter that a supporter wrote anew; "" where the campaign wants none."""
    if offer.facts is None:
        return "", None
    typed, country = values.get("full_text", ""), values.get("country", "")
    text = check_text(typed, limit=FULL_TEXT_LIMIT, paragraphs=_FULL_TEXT_PARAGRAPHS)
    if isinstance(text, Problem):
        return "", _with_wording(text, typed, offer.word_rules, country)
    if not text:
        return "", None
    if missing := missing_points(text, offer.facts):
        texts = tuple(offer.facts[key] for key in missing)
        lacks = Problem("facts-missing", {"points": texts})
        return text, _with_wording(lacks, text, offer.word_rules, country)
    return text, check_wording(text, offer.word_rules, country)


def check_wording(text: str, word_rules: WordRules, country: str) -> Problem | None:
    if not text:
        return None
    findings = word_rules.findings(text, country)
    kinds = {
        kind: tuple(finding.text for finding in findings if finding.kind == kind) for kind in _KINDS
    }
    problems = [Problem(kind, {"found": texts}) for kind, texts in kinds.items() if texts]
    return replace(problems[0], also=tuple(problems[1:])) if problems else None


def _with_wording(problem: Problem, text: str, word_rules: WordRules, country: str) -> Problem:
    if problem.slug in _UNREADABLE or length_of(text) > FULL_TEXT_LIMIT:
        return problem
    wording = check_wording(text, word_rules, country)
    return replace(problem, also=(replace(wording, also=()), *wording.also)) if wording else problem


def check_has_letter(text: str) -> Problem | None:
    """A name has a letter of some script; an empty one was judged before."""
    if not text or any(unicodedata.category(character)[0] == "L" for character in text):
        return None
    return Problem("no-letter")


def check_no_link(text: str) -> Problem | None:
    addresses = links(text)
    return Problem("link", {"found": tuple(addresses)}) if addresses else None


def check_email(address: str) -> Problem | None:
    """Whether mail can go there, as far as the address itself tells; in any script (RFC 6531)."""
    local, _, domain = address.rpartition("@")
    if len(address) <= EMAIL_LIMIT and _PLAIN_LOCAL.fullmatch(local) and _takes_mail(domain):
        return None
    if _is_valid_address(address):
        return None
    if "@" in address and " " in address:
        return Problem("email-space")
    return Problem("email-two-dots" if ".." in address else "not-an-email")


@lru_cache(maxsize=2048)
def _takes_mail(domain: str) -> bool:
    """Whether a domain in plain letters is right; remembered, as most people share a few."""
    return domain.isascii() and _is_valid_address(f"x@{domain}")


def _is_valid_address(address: str) -> bool:
    try:
        validate_email(address, check_deliverability=False, allow_smtputf8=True)
    except (EmailNotValidError, ValueError):
        return False
    return True


def check_country(code: str) -> Problem | None:
    return None if code in country_codes() else Problem("choose-country")


def is_ticked(value: str) -> bool:
    """Tell whether a checkbox is ticked: a browser sends its value then, and nothing otherwise."""
    return value.strip().casefold() not in {"", "0", "false", "no", "off", "n"}
