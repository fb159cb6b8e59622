"""What a password must be: long, and not one that everybody tries first. Pure.

The list and the rules work without another machine; they catch what guessing programs try first,
after NIST SP 800-63B: length, common passwords, runs and repetitions, the person's own data.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

MINIMUM = 12
MAXIMUM = 128
_DIFFERENT_CHARACTERS = 6
_LONGEST_RUN = 6
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_AROUND = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_STANDS_FOR = str.maketrans("@4301$5!7", "aaeoissit")
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
)
_COMMON = {
    "password",
    "passwort",
    "passwordpassword",
    "motdepasse",
    "contrasena",
    "contrasenia",
    "secret",
    "letmein",
    "letmeinplease",
    "welcome",
    "bienvenue",
    "bienvenido",
    "iloveyou",
    "iloveyouforever",
    "administrator",
    "administrateur",
    "administrador",
    "changeme",
    "changemenow",
    "changeit",
    "trustno",
    "dragon",
    "monkey",
    "football",
    "baseball",
    "basketball",
    "sunshine",
    "princess",
    "superman",
    "batman",
    "starwars",
    "whatever",
    "freedom",
    "liberty",
    "libertad",
    "liberte",
    "correcthorsebatterystaple",
    "thequickbrownfox",
    "opensesame",
    "qwerty",
    "qwertyuiop",
    "azerty",
    "humanrights",
    "amnesty",
    "campaign",
    "letters",
    "urgentaction",
    "default",
    "temporary",
    "mypassword",
    "mysecret",
    "thisismypassword",
    "passphrase",
    "summer",
    "winter",
    "spring",
    "autumn",
    "monday",
    "january",
    "december",
    "hello",
    "helloworld",
    "computer",
    "internet",
    "master",
    "shadow",
    "michael",
    "jennifer",
    "charlie",
    "jordan",
    "hunter",
    "killer",
    "soccer",
}


def problem_of(password: str, about: Iterable[str] = ()) -> str | None:
    """Slug of what is wrong with a password, or None.

    `about` holds what others know of the person: address, name, organisation.
    """
    if len(password) < MINIMUM:
        return "password-short"
    if len(password) > MAXIMUM:
        return "password-long"
    plain = _plain(password)
    if len(set(plain)) < _DIFFERENT_CHARACTERS or _is_repetition(plain):
        return "password-repeats"
    if _longest_run(plain) >= max(_LONGEST_RUN, len(plain) - 4):
        return "password-common"
    letters = _word(plain)
    if letters in _COMMON or _halves_are_common(letters):
        return "password-common"
    if any(_gives_away(plain, word) for word in about):
        return "password-personal"
    return None


def _plain(text: str) -> str:
    """Lower case and without accents."""
    parts = unicodedata.normalize("NFKD", text).casefold()
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _word(plain: str) -> str:
    """The letters alone, with figures and signs that stand for letters turned back."""
    return _NOT_LETTERS.sub("", _AROUND.sub("", plain).translate(_STANDS_FOR))


def _is_repetition(text: str) -> bool:
    """Whether a piece of at most half the text, again and again, makes the text."""
    return text in (text + text)[1:-1]


def _longest_run(text: str) -> int:
    longest = 1
    for row in (*_ROWS, *(row[::-1] for row in _ROWS)):
        run = 1
        for one, following in pairwise(text):
            run = run + 1 if one + following in row else 1
            longest = max(longest, run)
    return longest


def _halves_are_common(letters: str) -> bool:
    return any(
        letters[:at] in _COMMON and letters[at:] in _COMMON for at in range(3, len(letters) - 2)
    )


def _gives_away(plain: str, word: str) -> bool:
    """Whether little is left of a password without a word that others know."""
    known = [part for part in re.split(r"[\W_]+", _plain(word)) if len(part) >= 4]
    left = plain
    for part in known:
        left = left.replace(part, "")
    return len(left) < len(plain) and len(_NOT_LETTERS.sub("", left)) < 5
