"""Public keys are read, checked and known again."""

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from campaign.core import age
from campaign.core.errors import Invalid
from campaign.exports import staff_keys

AGE = "age1sujmuvwpctkq77064wsz5p0nqfulgp9506kdxx3cj3743c58gsfq98cgre"
KEYGEN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRnzRsKW2HMTIEK7TViIP7kTqQYFV+UQOyqphoDG7pq"
FINGERPRINT = "SHA256:VzDZ4qyJD8OWF3q+j7RUxZ1ob7dOVz2d+2sAqkIVnXI"


def openssh(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def private(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def problem(typed: str) -> str:
    with pytest.raises(Invalid) as refused:
        staff_keys.normalise_key(typed)
    return refused.value.fields["recipient"]


@pytest.mark.parametrize(
    "key",
    [ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)],
    ids=["ed25519", "rsa"],
)
def test_an_ssh_key_loses_its_comment_and_opens_what_is_encrypted_to_it(
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey,
) -> None:
    kept = staff_keys.normalise_key(f"  {openssh(key)} ada@example.org\n")
    assert kept == openssh(key)
    sealed = pyrage.encrypt(b"list", [age.to_recipient(kept)])
    assert pyrage.decrypt(sealed, [pyrage.ssh.Identity.from_buffer(private(key))]) == b"list"


def test_an_age_key_is_taken_however_it_is_typed() -> None:
    assert staff_keys.normalise_key(f"\n{AGE.upper()} ") == AGE
    assert staff_keys.fingerprint(AGE) == AGE


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("", "key-unknown"),
        ("hello", "key-unknown"),
        (AGE[:-1] + "x", "key-unknown"),
        (f"{AGE} {AGE}", "key-unknown"),
        ("ssh-ed25519 AAAA", "key-unknown"),
        ("ssh-ed25519", "key-unknown"),
        ("x" * 5000, "key-unknown"),
        ("sk-ssh-ed25519@openssh.com AAAA", "key-kind"),
        ("ssh-dss AAAA", "key-kind"),
        (openssh(ec.generate_private_key(ec.SECP256R1())), "key-kind"),
        (str(pyrage.x25519.Identity.generate()), "key-private"),
        (private(ed25519.Ed25519PrivateKey.generate()).decode(), "key-private"),
    ],
    # Keys are made anew in each process: tests are not named by them.
    ids=lambda value: value if value.startswith("key-") else f"{len(value)}-characters",
)
def test_what_cannot_encrypt_is_refused_by_what_it_is(typed: str, slug: str) -> None:
    assert problem(typed) == slug


def test_lines_are_keys_each_once() -> None:
    other = str(pyrage.x25519.Identity.generate().to_public())
    assert staff_keys.read_lines(f"{AGE}\n\n{other}\n{AGE}", field="x") == [AGE, other]
    assert staff_keys.read_lines("", field="x") == []


def test_the_fingerprint_is_that_of_ssh_keygen() -> None:
    """Of a key whose fingerprint `ssh-keygen -lf` printed."""
    assert staff_keys.fingerprint(KEYGEN) == FINGERPRINT
