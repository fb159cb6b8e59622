"""Secrets are compared in constant time: no `==` on what opens, proves or seals (trust.md 17)."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.sources import search_modules

_SECRET = re.compile(
    r"token|digest|hmac|proof|secret|fingerprint|recovery|uniquifier|password|(^|_)mac(_|$)"
)
_PLAIN = {"current_password", "token_expires_at", "proof_of_work", "email_hmac", "recipient_hmac"}
"""Names of settings, fields and times; of fingerprints, which are ours and nobody sends."""


_SUMS_OF_FILES = {
    "bundles/changes/prints.py",
    "bundles/documents/verify.py",
    "commands/backup_manifest.py",
    "directory/imports/jobs.py",
}
"""Where checksums of files are compared, which whoever has the file may work out: no secrets."""


def _name_of(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        return _name_of(node.func)
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
    return getattr(node, "attr", getattr(node, "id", ""))


def _is_column(node: ast.expr) -> bool:
    """Return whether it is a column, which the database compares: of a model, or of a `table.c`."""
    if not isinstance(node, ast.Attribute):
        return False
    owner = node.value
    if isinstance(owner, ast.Attribute):
        return owner.attr == "c"
    return isinstance(owner, ast.Name) and owner.id[:1].isupper()


def _is_text(node: ast.expr) -> bool:
    """Return whether it stands in the code: then it is no secret."""
    return isinstance(node, ast.Constant)


def find_comparisons(source: str) -> Iterator[int]:
    """Yield the lines on which a secret is compared by `==` or `!=`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        names = {_name_of(side) for side in sides} - _PLAIN
        compares = any(isinstance(way, ast.Eq | ast.NotEq) for way in node.ops)
        harmless = any(_is_column(side) or _is_text(side) for side in sides)
        if compares and not harmless and any(map(_SECRET.search, names)):
            yield node.lineno


def test_no_secret_is_compared_by_the_equals_sign() -> None:
    places = [
        f"{name}:{line}"
        for name, source in search_modules(_SECRET.pattern)
        if name not in _SUMS_OF_FILES and ("==" in source or "!=" in source)
        for line in find_comparisons(source)
    ]
    assert places == [], "use hmac.compare_digest"


@pytest.mark.parametrize(
    "line",
    [
        "token == given",
        "row.token_digest != digest_of(token)",
        "given == row['secret']",
        "make_proof(a) == proof",
        "mac == expected",
    ],
)
def test_the_rule_sees(line: str) -> None:
    assert list(find_comparisons(line)) == [1]


@pytest.mark.parametrize(
    "line",
    [
        "Signature.token_digest == digest",
        "_OUTBOX.c.recipient_hmac == x",
        "settings.proof_of_work == 'never'",
        "machine == other",
        "hmac.compare_digest(token, given)",
    ],
)
def test_the_rule_lets_pass(line: str) -> None:
    assert list(find_comparisons(line)) == []
