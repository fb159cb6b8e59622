"""Sealing: what is sealed opens only in its place and with its key."""

import hmac
from collections.abc import Callable
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from campaign.core.sealing import LONGEST_EMPTY, Keyring, KeyState, MissingKey, WrongKey
from campaign.core.text.email_addresses import canonical_email

RING = Keyring(b"k" * 32)
ROW, OTHER_ROW = b"r" * 16, b"o" * 16


def _two_keys(state: KeyState | None = None) -> Keyring:
    return Keyring(b"k" * 32, b"n" * 32, state=state or KeyState(sealing=2))


def _seal_as_before(version: bytes) -> Callable[[str], bytes]:
    """Return how `RING` sealed texts for "a.b" before keys had versions."""
    key = HKDF(SHA256(), 32, salt=None, info=b"campaign seal").derive(b"k" * 32)

    def seal(text: str) -> bytes:
        if version == b"\x02":
            return RING.seal_unversioned(text, "a.b")
        nonce = b"n" * 12
        return version + nonce + AESGCM(key).encrypt(nonce, text.encode(), b"a.b")

    return seal


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
    head_and_tag = 2 + 12 + 16
    assert {len(RING.seal(text, "a.b")) for text in texts} == {head_and_tag + stored}


@pytest.mark.parametrize("old", [b"", b"\x01", b"\x02"])
def test_nothing_stays_shorter_than_anything(old: bytes) -> None:
    """Counts of letters with words of their own ask for it."""
    seal = _seal_as_before(old) if old else lambda text: RING.seal(text, "a.b", ROW)
    assert len(seal("")) <= LONGEST_EMPTY < len(seal("x"))


def test_a_column_can_hide_more_of_its_lengths() -> None:
    assert len({len(RING.seal("x" * size, "a.b", ROW, 1024)) for size in (1, 31, 1023)}) == 1
    assert len(RING.seal("", "a.b", ROW, 1024)) <= LONGEST_EMPTY


@pytest.mark.parametrize("version", [b"\x01", b"\x02"])
@pytest.mark.parametrize("text", ["", "Ana", "é" * 5000])
def test_a_text_from_before_keys_had_versions_opens_until_all_are_bound(
    text: str, version: bytes
) -> None:
    sealed = _seal_as_before(version)(text)
    assert RING.open(sealed, "a.b") == text
    assert _two_keys().open(sealed, "a.b", ROW) == text
    with pytest.raises(WrongKey):
        _two_keys(KeyState(sealing=2, bound=2)).open(sealed, "a.b", ROW)


def test_a_text_is_not_read_as_another_form() -> None:
    text = "Ana\x80"
    forms = [_seal_as_before(version)(text) for version in (b"\x01", b"\x02")]
    forms += [RING.seal(text, "a.b"), RING.seal(text, "a.b", ROW)]
    for sealed in forms:
        for kind in (b"\x01", b"\x02", b"\x03", b"\x04"):
            if sealed[:1] != kind:
                with pytest.raises(WrongKey):
                    RING.open(kind + sealed[1:], "a.b", ROW)


def test_a_value_moved_to_another_row_does_not_open() -> None:
    sealed = RING.seal("Ana", "a.b", ROW)
    assert RING.open(sealed, "a.b", ROW) == "Ana"
    for row in (OTHER_ROW, b""):
        with pytest.raises(WrongKey):
            RING.open(sealed, "a.b", row)


def test_after_a_turn_values_of_an_earlier_key_are_refused() -> None:
    sealed = RING.seal("Ana", "a.b", ROW)
    assert _two_keys().open(sealed, "a.b", ROW) == "Ana"
    with pytest.raises(WrongKey):
        _two_keys(KeyState(sealing=2, bound=2)).open(sealed, "a.b", ROW)


def test_one_key_does_not_open_what_another_sealed_as_its_version() -> None:
    newer = _two_keys().seal("Ana", "a.b", ROW)
    for ring in (RING, Keyring(b"n" * 32), Keyring(b"k" * 32, b"x" * 32)):
        with pytest.raises(WrongKey):
            ring.open(newer, "a.b", ROW)


def test_a_process_without_the_newest_key_says_so() -> None:
    with pytest.raises(MissingKey):
        Keyring(b"k" * 32).enter(KeyState(sealing=2))


def test_stored_fingerprints_turn_without_the_texts() -> None:
    """As the database does it: HMAC by its pads, with nothing but SHA-256."""
    turned = _two_keys(KeyState(sealing=2, look_ups=2))
    inner, outer = turned.turning_pads(2)
    for size in (32, 16):
        stored = RING.fingerprint("ana@example.org", "email", size)
        by_hand = sha256(outer + sha256(inner + stored).digest()).digest()[:size]
        assert turned.fingerprint("ana@example.org", "email", size) == by_hand != stored


def test_links_of_an_earlier_key_go_on_opening() -> None:
    ring = _two_keys()
    assert RING.prove("x", "link:letter") in ring.proofs("x", "link:letter")
    assert ring.prove("x", "link:letter") != RING.prove("x", "link:letter")
    assert ring.lasting("pepper") == RING.lasting("pepper")


def test_each_purpose_has_a_key_of_its_own() -> None:
    """One that leaks opens no other: none of them is another, nor the data key itself."""
    ring = _two_keys(KeyState(2, 2, 2))
    inner, _ = ring.turning_pads(2)
    look_ups = bytes(byte ^ 0x36 for byte in inner[:32])
    assert ring.prove("x", "p") != hmac.digest(look_ups, b"p\0x", "sha256")
    assert ring.sign_backup(b"x") != hmac.digest(look_ups, b"x", "sha256")
    assert look_ups != b"n" * 32


def test_the_same_text_is_sealed_differently_each_time() -> None:
    assert RING.seal("Ana", "a.b") != RING.seal("Ana", "a.b")


def test_a_value_moved_to_another_column_does_not_open() -> None:
    with pytest.raises(WrongKey):
        RING.open(RING.seal("Ana", "signature.email"), "signature.given_name")


def test_another_key_does_not_open() -> None:
    with pytest.raises(WrongKey):
        Keyring(b"x" * 32).open(RING.seal("Ana", "a.b"), "a.b")


def test_fingerprints_of_different_purposes_cannot_be_joined() -> None:
    assert RING.fingerprint("ana@example.org", "email") != RING.fingerprint(
        "ana@example.org", "limit"
    )


@pytest.mark.parametrize(
    ("spelling", "other"),
    [
        ("A.B+x@gmail.com", "ab@googlemail.com"),
        ("Ana@Example.ORG", "ana@example.org"),
        ("ana+letters@example.org", "ana@example.org"),
        ("ana@BÜCHER.example", "ana@xn--bcher-kva.example"),
        (" ana@example.org ", "ana@example.org."),
    ],
)
def test_spellings_of_one_mailbox_are_one(spelling: str, other: str) -> None:
    assert canonical_email(spelling) == canonical_email(other)


def test_dots_count_outside_gmail() -> None:
    assert canonical_email("a.b@example.org") != canonical_email("ab@example.org")


@given(st.emails())
def test_the_canonical_form_is_stable(address: str) -> None:
    once = canonical_email(address)
    assert canonical_email(once) == once
