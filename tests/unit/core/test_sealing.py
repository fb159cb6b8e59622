"""Sealing: what is sealed opens only in its place and with its key."""

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
