"""How alike two texts are. Pure but for the key.

Own words come down to 64 bits that change little when the words do (Charikar's simhash, over
three words at a time). Each piece is hashed with the instance's key, so that nobody who has only
the database can try words against it. Stored are four quarters of 16 bits.
"""

from collections.abc import Iterator, Sequence

from campaign.core.sealing import Keyring
from campaign.core.text.fold import split_words

BANDS = 4
_BITS = 16
_SHINGLE = 3
_FEWEST_WORDS = 4
"""Fewer words are alike by nature."""
_DIFFERENT = 14
"""Bits of 64 in which alike texts may differ; texts that share nothing differ in about 32."""
SHARED = 2
"""Quarters that alike letters share."""


def bands_of(text: str, keyring: Keyring) -> tuple[int, ...]:
    """The quarters of a text's hash; nothing for a text of a few words."""
    words = split_words(text)
    if len(words) < _FEWEST_WORDS:
        return ()
    counts = [0] * (BANDS * _BITS)
    for piece in set(_shingles(words)):
        bits = int.from_bytes(keyring.fingerprint(piece, "words")[:8])
        for at in range(len(counts)):
            counts[at] += 1 if bits >> at & 1 else -1
    value = sum(1 << at for at, count in enumerate(counts) if count > 0)
    return tuple(value >> (band * _BITS) & 0xFFFF for band in range(BANDS))


def are_alike(one: Sequence[int], other: Sequence[int]) -> bool:
    """Whether two texts with these quarters say nearly the same.

    Looked at bit by bit, which finds more than equal quarters do; those are what can be indexed.
    """
    if not one or not other:
        return False
    return sum((a ^ b).bit_count() for a, b in zip(one, other, strict=True)) <= _DIFFERENT


def _shingles(words: Sequence[str]) -> Iterator[str]:
    for at in range(len(words) - _SHINGLE + 1):
        yield " ".join(words[at : at + _SHINGLE])
