"""Words that are nearly the same have nearly the same print; without the key it tells nothing."""

from campaign.core.sealing import Keyring
from campaign.signing.checks.similar import bands_of

KEYS = Keyring(b"k" * 32)
WORDS = (
    "I am a nurse in a small town, and I know what it means to be the one person who answers the "
    "telephone at night. I ask you to protect her, as you would protect a neighbour who keeps a "
    "light in the window."
)


def shared(words: str, other: str) -> int:
    pairs = zip(bands_of(words, KEYS), bands_of(other, KEYS), strict=True)
    return sum(first == second for first, second in pairs)


def test_equal_words_are_alike_however_they_are_spelt() -> None:
    assert shared(WORDS, WORDS.upper().replace(",", "").replace("night", "níght")) == 4


def test_a_line_more_leaves_them_alike_and_other_words_do_not() -> None:
    assert shared(WORDS * 3, WORDS * 3 + " With respect.") >= 2
    assert shared(WORDS, "Le pido que investigue las amenazas y proteja a quienes la ayudan.") < 2


def test_a_few_words_have_no_print() -> None:
    assert bands_of("Please help her", KEYS) == ()


def test_without_the_key_a_print_tells_nothing() -> None:
    assert bands_of(WORDS, KEYS) != bands_of(WORDS, Keyring(b"o" * 32))
    assert all(0 <= value < 2**16 for value in bands_of(WORDS, KEYS))
