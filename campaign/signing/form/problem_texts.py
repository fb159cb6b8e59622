"""What is wrong with a form, in the language of the page."""

from collections.abc import Callable, Mapping
from typing import Any

from flask_babel import format_decimal, gettext, ngettext

from campaign.core import i18n
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
    return {name: format_decimal(data[name]) for name in ("length", "limit")}


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
                "This does not look like a postal code of %(country)s. Check it.", country=country
            )
        )
    if i18n.direction(i18n.locale()) == "rtl":
        example = f"\u2066{example}\u2069"  # its digits keep their order
    return str(
        gettext(
            "This does not look like a postal code of %(country)s. One looks like %(example)s.",
            country=country,
            example=example,
        )
    )


_TEXTS: dict[str, Callable[[_Data], str]] = {
    "give-name": lambda _: gettext("Give your name. A letter without one is not counted."),
    "give-email": lambda _: gettext(
        "Give your e-mail address. We send you the link that confirms your letter."
    ),
    "give-locality": lambda _: gettext("Give the town or village where you live."),
    "choose-country": lambda _: gettext("Choose the country where you live."),
    "choose-disclosure": lambda _: gettext("Choose what officials may see of you."),
    "not-an-email": lambda _: gettext(
        "This is not a complete e-mail address. It looks like name@example.org."
    ),
    "email-space": lambda _: gettext("There is a space in this e-mail address. Take it out."),
    "email-two-dots": lambda _: gettext(
        "There are two dots side by side in this e-mail address. Leave one."
    ),
    "no-letter": lambda _: gettext("Type at least one letter of an alphabet here."),
    "one-line": lambda _: gettext("Write this on one line."),
    "too-long": lambda data: gettext(
        "This is too long: %(length)s characters. Shorten it to %(limit)s at most.",
        **_lengths(data),
    ),
    "too-long-words": lambda data: gettext(
        "You wrote %(length)s characters; there is room for %(limit)s. "
        "Shorten your words: a letter of one page is read.",
        **_lengths(data),
    ),
    "too-long-card": lambda data: gettext(
        "You wrote %(length)s characters; the card has room for %(limit)s. Shorten your words.",
        **_lengths(data),
    ),
    "too-many-paragraphs": lambda data: gettext(
        "Your words have too many paragraphs. Use %(limit)s at most.", limit=data["limit"]
    ),
    "stacked-marks": lambda _: gettext(
        "One character carries too many accents or marks. Remove some, or type the word again."
    ),
    "cannot-print": _cannot_print,
    "emoji": lambda _: gettext(
        "Emoji do not print. We take them out. Check your text, then continue."
    ),
    "bidi-control": lambda _: gettext(
        "There were hidden characters in this that turn the text around. "
        "We took them out: look at the text and go on."
    ),
    "control-character": lambda _: gettext(
        "There were hidden characters in this that cannot be printed. "
        "We took them out: look at the text and go on."
    ),
    "nul": lambda _: gettext(
        "There were hidden characters in this that cannot be printed. "
        "We took them out: look at the text and go on."
    ),
    "not-text": lambda _: gettext("Part of this could not be read as text. Type it anew."),
    "forbidden-word": lambda data: gettext(
        "This could do harm to somebody, so it cannot stand in the letter: %(found)s. "
        "Take it out, or say it without.",
        found=_quoted(data),
    ),
    "insult": lambda data: gettext(
        "A letter with an insult is not read: %(found)s. Say it in another way.",
        found=_quoted(data),
    ),
    "threat": lambda data: gettext(
        "This reads as a threat: %(found)s. Take it out. If you quote someone, put the words in "
        "quotation marks.",
        found=_quoted(data),
    ),
    "phone-number": lambda data: gettext(
        "This reads as a telephone number: %(found)s. Take it out: letters pass through many "
        "hands.",
        found=_quoted(data),
    ),
    "link": lambda data: gettext(
        "An address of the web or of mail does not belong in a letter on paper: %(found)s. "
        "Take it out.",
        found=_quoted(data),
    ),
    "facts-missing": lambda data: ngettext(
        "Your letter leaves out a point that it needs: “%(points)s” Say it in your own way, or "
        "put it back.",
        "Your letter leaves out points that it needs: “%(points)s” Say them in your own way, or "
        "put them back.",
        len(data["points"]),
        points="” “".join(data["points"]),
    ),
    "second-page": lambda data: ngettext(
        "The letter runs over its page by %(num)s line. Shorten it: a letter of one page is read.",
        "The letter runs over its page by %(num)s lines. Shorten it: a letter of one page is read.",
        data["lines"],
    ),
    "over-card": lambda data: ngettext(
        "Your words run over the card by %(num)s line. Shorten them.",
        "Your words run over the card by %(num)s lines. Shorten them.",
        data["lines"],
    ),
    "wrong-code": _wrong_code,
    "full-needs-region": lambda _: gettext(
        "A full address needs this. Give it, or choose to show less of you below."
    ),
    "full-needs-postal-code": lambda _: gettext(
        "A full address needs a postal code. Give it, or choose to show less of you below."
    ),
    "street-as-town": lambda _: gettext(
        "Is this your town? It looks like a street, and we never ask for your street. Give the "
        "town alone, or tick the box below."
    ),
    "points-changed": lambda _: gettext(
        "The letter was changed while you wrote. Look at its points again."
    ),
    "no-such-language": lambda _: gettext(
        "The letter does not come in this language. Choose another one."
    ),
}

SLUGS = frozenset(_TEXTS)
"""Every problem that has words; a test holds `validate` to it."""
