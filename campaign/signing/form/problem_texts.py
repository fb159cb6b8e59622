"""What is wrong with a form, in the language of the page."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import gettext, ngettext

from campaign.core import i18n
from campaign.core.number_format import say_number
from campaign.signing.clean_text import Problem

_NAMED = 3
"""Things quoted in one sentence; whoever mends these is told of the next."""
_Data = Mapping[str, Any]  # each problem has its own


def describe_problem(problem: Problem) -> str:
    """Say what is wrong, and how to mend it."""
    return _TEXTS[problem.slug](problem.data)


def list_problem_texts(problem: Problem) -> list[str]:
    """Describe the problem, and what else is wrong with its field."""
    return [describe_problem(part) for part in (problem, *problem.also)]


def _lengths(data: _Data) -> dict[str, str]:
    return {name: say_number(data[name]) for name in ("length", "limit")}


def _cannot_print(data: _Data) -> str:
    characters = " ".join(data["characters"])
    if data["more"] > len(data["characters"]):
        characters += " …"
    return str(
        ngettext(
            "We cannot print the character %(characters)s. Remove it.",
            "We cannot print the characters %(characters)s. Remove them.",
            int(data["more"]),
            characters=characters,
        )
    )


def _quoted(data: _Data) -> str:
    return "; ".join(data["found"][:_NAMED])


def _wrong_code(data: _Data) -> str:
    country, example = i18n.country_name(data["country"]), data["example"]
    if not example:
        return str(
            gettext(
                "Check the postal code. It does not look like one from %(country)s.",
                country=country,
            )
        )
    return str(
        gettext(
            "Check the postal code. One from %(country)s looks like %(example)s.",
            country=country,
            example=i18n.isolate(example),
        )
    )


_TEXTS: dict[str, Callable[[_Data], str]] = {
    "give-name": lambda _: gettext("Enter your name. We print it under your text."),
    "give-email": lambda _: gettext(
        "Enter your email address. We email you a link to confirm what you sign."
    ),
    "give-locality": lambda _: gettext("Enter the town or village where you live."),
    "choose-country": lambda _: gettext("Choose the country where you live."),
    "choose-disclosure": lambda _: gettext("Choose what officials see."),
    "not-an-email": lambda _: gettext("Enter a complete email address, such as name@example.org."),
    "email-space": lambda _: gettext("Remove the space from this email address."),
    "email-two-dots": lambda _: gettext("This email address has two dots in a row. Remove one."),
    "no-letter": lambda _: gettext("Enter at least one letter of the alphabet here."),
    "one-line": lambda _: gettext("Write this on one line."),
    "too-long": lambda data: gettext(
        "This has %(length)s characters. Shorten it to %(limit)s or fewer.", **_lengths(data)
    ),
    "too-long-words": lambda data: gettext(
        "You wrote %(length)s characters. There is room for %(limit)s. Shorten your words.",
        **_lengths(data),
    ),
    "too-long-card": lambda data: gettext(
        "You wrote %(length)s characters. The card has room for %(limit)s. Shorten your words.",
        **_lengths(data),
    ),
    "too-many-paragraphs": lambda data: gettext(
        "Your words have too many paragraphs. Use at most %(limit)s.", limit=data["limit"]
    ),
    "stacked-marks": lambda _: gettext(
        "One character has too many accents or marks. Remove some, or type the word again."
    ),
    "cannot-print": _cannot_print,
    "emoji": lambda _: gettext(
        "We cannot print emoji, so we removed them. Check your text, then continue."
    ),
    "bidi-control": lambda _: gettext(
        "We removed hidden characters that reverse the text. Check your text, then continue."
    ),
    "control-character": lambda _: gettext(
        "We removed hidden characters that we cannot print. Check your text, then continue."
    ),
    "nul": lambda _: gettext(
        "We removed hidden characters that we cannot print. Check your text, then continue."
    ),
    "not-text": lambda _: gettext("We cannot read part of this text. Type it again."),
    "forbidden-word": lambda data: gettext(
        "Remove this, or say it another way: %(found)s. It could put someone in danger.",
        found=_quoted(data),
    ),
    "insult": lambda data: gettext(
        "Say this another way: %(found)s. Polite words are harder to ignore.", found=_quoted(data)
    ),
    "threat": lambda data: gettext(
        "This reads as a threat: %(found)s. Remove it. If you are quoting someone, put the words "
        "in quotation marks.",
        found=_quoted(data),
    ),
    "phone-number": lambda data: gettext(
        "Remove the phone number: %(found)s. Many people will handle what you write.",
        found=_quoted(data),
    ),
    "link": lambda data: gettext(
        "Remove the link or email address: %(found)s. No one can open it on paper.",
        found=_quoted(data),
    ),
    "facts-missing": lambda data: ngettext(
        "Your letter needs this point: “%(points)s” Say it in your own way, or put it back.",
        "Your letter needs these points: “%(points)s” Say them in your own way, or put them back.",
        len(data["points"]),
        points="” “".join(data["points"]),
    ),
    "second-page": lambda data: ngettext(
        "Your letter is %(num)s line too long for one page. Shorten it.",
        "Your letter is %(num)s lines too long for one page. Shorten it.",
        data["lines"],
    ),
    "over-card": lambda data: ngettext(
        "Your words are %(num)s line too long for the card. Shorten them.",
        "Your words are %(num)s lines too long for the card. Shorten them.",
        data["lines"],
    ),
    "wrong-code": _wrong_code,
    "full-needs-region": lambda _: gettext("Fill this in, or choose below to show officials less."),
    "full-needs-postal-code": lambda _: gettext(
        "Enter your postal code, or choose below to show officials less."
    ),
    "street-as-town": lambda _: gettext(
        "This looks like a street. We never ask for your street. Enter only the town, or tick "
        "the box below."
    ),
    "points-changed": lambda _: gettext(
        "Our text changed while you were writing. Check the points again."
    ),
    "no-such-language": lambda _: gettext(
        "Our text is not available in this language. Choose another language."
    ),
}

SLUGS = frozenset(_TEXTS)
"""Every problem that has words; a test holds `validate` to it."""
