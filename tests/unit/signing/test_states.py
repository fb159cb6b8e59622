"""The moves of a signature's state: one table, and nobody who writes past it."""

import ast
from collections.abc import Iterator
from itertools import product

import pytest

from campaign.core.errors import Refused
from campaign.models.signature import Signature, SignatureState
from campaign.signing.checks.review_decision import Verdict
from campaign.signing.states import LIVE, MOVES, list_sources, may_move, move_signature
from tests.sources import read_modules, search_modules

_WHO_MAY = {
    "signing/states.py": "the table",
    "demo/synthesis.py": "invented letters are held as if each had just been confirmed",
}
FINAL = {
    "erased": {"confirmed"},
    "withdrawn": {"pending", "erased"},
    "rejected": {"held", "erased"},
}


def _set_directly(source: str) -> Iterator[int]:
    """Line of each assignment of a signature's state."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Assign):
            continue
        named = [
            attribute
            for attribute in ast.walk(ast.Module([*map(ast.Expr, node.targets)], []))
            if isinstance(attribute, ast.Attribute) and attribute.attr == "state"
        ]
        signatures = any(ast.unparse(attribute.value).endswith("signature") for attribute in named)
        if named and (signatures or "SignatureState" in ast.unparse(node.value)):
            yield node.lineno


def test_a_state_is_changed_through_the_table_alone() -> None:
    places = [
        f"{name}:{line}"
        for name, source in search_modules(r"\.state\b")
        if name not in _WHO_MAY
        for line in _set_directly(source)
    ]
    assert not places, "Use signing/states.py (move_signature) instead: " + ", ".join(places)
    assert _WHO_MAY.keys() <= read_modules().keys()


@pytest.mark.parametrize(
    "planted",
    [
        "signature.state = after",
        "row.state = SignatureState.ERASED",
        "row.signature.state, found = after, 1",
    ],
)
def test_each_other_way_is_found(planted: str) -> None:
    assert list(_set_directly(planted))


@pytest.mark.parametrize(
    ("before", "after"),
    list(product(SignatureState, SignatureState)),
    ids=lambda state: state.value,
)
def test_a_signature_makes_the_moves_of_the_table_and_no_other(
    before: SignatureState, after: SignatureState
) -> None:
    signature = Signature(state=before)
    if before is after or after in MOVES[before]:
        move_signature(signature, after)
        assert signature.state is after
        return
    with pytest.raises(Refused, match="signature-state") as refused:
        move_signature(signature, after)
    assert refused.value.data == {"before": before.value, "after": after.value}
    assert signature.state is before


@pytest.mark.parametrize(
    ("before", "others"),
    [
        (SignatureState.WITHDRAWN, {SignatureState.PENDING, SignatureState.ERASED}),
        (SignatureState.REJECTED, {SignatureState.HELD, SignatureState.ERASED}),
        (SignatureState.ERASED, {SignatureState.CONFIRMED}),
    ],
)
def test_what_is_out_of_the_way_comes_back_by_one_way_only(
    before: SignatureState, others: set[SignatureState]
) -> None:
    assert set(MOVES[before]) == others


def test_an_undone_invalidation_can_put_back_whatever_it_took() -> None:
    taken = list_sources(SignatureState.INVALID)
    assert taken == LIVE
    assert all(may_move(SignatureState.INVALID, state) for state in taken)


@pytest.mark.parametrize("before", [SignatureState.WITHDRAWN, SignatureState.ERASED])
@pytest.mark.parametrize("verdict", [Verdict(["insult"], None), Verdict([], 7)])
def test_what_is_gone_is_judged_no_more(before: SignatureState, verdict: Verdict) -> None:
    with pytest.raises(Refused, match="signature-state"):
        verdict.columns(before)
