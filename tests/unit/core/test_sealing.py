"""Sealing: what is sealed opens only in its place and with its key."""

from collections import Counter
from collections.abc import Callable
from functools import cache
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.email_addresses import canonical_email
from campaign.core.sealing import Keyring, WrongKey

RING = Keyring.of(b"k" * 32)


@given(st.text())
def test_what_is_sealed_opens_again(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    sealed = RING.seal(text, "signature.email")
    assert RING.open(sealed, "signature.email") == text


@pytest.mark.parametrize(
    ("texts", "stored"),
    [
        (["A", "Ana", "x" * 31], 32),
        (["x" * 32, "é" * 31], 64),
        (["x" * 1024, "x" * 2047], 2048),
        (["x" * 4096, "x" * 8191], 8192),
        (["x" * 8192], 12288),
    ],
)
def test_the_length_of_what_is_sealed_tells_its_bucket_alone(texts: list[str], stored: int) -> None:
    head_and_tag = 1 + 12 + 16
    assert {len(RING.seal(text, "a.b")) for text in texts} == {head_and_tag + stored}


def test_nothing_stays_shorter_than_anything() -> None:
    """Counts of letters with words of their own ask for it."""
    assert len(RING.seal("", "a.b")) < len(RING.seal("x", "a.b"))


def _count_alone(length: Callable[[int], int]) -> int:
    """Count, of 20,000 invented people, whom lengths, country and language tell from all others."""
    chance = Random(7)

    def person() -> tuple[object, ...]:
        own = chance.random() < 0.4 and min(1500, int(chance.lognormvariate(5, 0.9)))
        typed = [
            chance.randint(3, 14),  # given name
            chance.randint(3, 18),  # family name
            chance.randint(14, 40),  # email
            chance.randint(3, 24),  # town
            chance.randint(5, 8),  # postal code
            own or 0,
        ]
        country = chance.choices(range(12), [2**-rank for rank in range(12)])[0]
        return (*map(length, typed), country, chance.choices("efsa", [8, 4, 2, 1])[0])

    return sum(n == 1 for n in Counter(person() for _ in range(20_000)).values())


def test_lengths_leave_fewer_than_one_in_a_hundred_alone() -> None:
    assert _count_alone(lambda typed: typed) > 15_000
    assert _count_alone(cache(lambda typed: len(RING.seal("x" * typed, "a.b")))) < 200


@pytest.mark.parametrize("text", ["", "Ana", "é" * 5000])
def test_a_text_that_was_sealed_without_padding_still_opens(text: str) -> None:
    assert RING.open(RING.seal_bytes(text.encode(), "a.b"), "a.b") == text


def test_a_text_is_not_read_as_another_version() -> None:
    text = "Ana\x80"
    padded, plain = RING.seal(text, "a.b"), RING.seal_bytes(text.encode(), "a.b")
    for forged in (b"\x01" + padded[1:], b"\x02" + plain[1:]):
        with pytest.raises(WrongKey):
            RING.open(forged, "a.b")


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert RING.seal("Ana", "a.b") != RING.seal("Ana", "a.b")


def test_a_value_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(WrongKey):
        RING.open(RING.seal("Ana", "signature.email"), "signature.given_name")


def test_another_key_does_not_open() -> None:
    with pytest.raises(WrongKey):
        Keyring.of(b"x" * 32).open(RING.seal("Ana", "a.b"), "a.b")


def test_fingerprints_of_different_purposes_cannot_be_joined() -> None:
    assert RING.fingerprint("ana@example.org", "email") != RING.fingerprint(
        "ana@example.org", "limit"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A.B+x@gmail.com", "ab@googlemail.com"),
        ("Ana@Example.ORG", "ana@example.org"),
        ("ana+letters@example.org", "ana@example.org"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        (" ana@example.org ", "ana@example.org."),
    ],
)
def test_spellings_of_one_mailbox_are_one(one: str, other: str) -> None:
    assert canonical_email(one) == canonical_email(other)


def test_dots_count_outside_gmail() -> None:
    assert canonical_email("a.b@example.org") != canonical_email("ab@example.org")


@given(st.emails())
def test_the_canonical_form_is_stable(address: str) -> None:
    once = canonical_email(address)
    assert canonical_email(once) == once
