"""Which moves a signature's state may make; its signer sees `Signature.shown_state`. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from campaign.core.db.personal_columns import empty_values, no_fingerprint
from campaign.core.errors import Refused
from campaign.models.signature import Signature, SignatureState

MOVES: Mapping[SignatureState, Mapping[SignatureState, str]] = MappingProxyType(
    {
        SignatureState.PENDING: {
            SignatureState.CONFIRMED: "its link is opened",
            SignatureState.HELD: "its link is opened, and somebody has to look at it",
            SignatureState.INVALID: "an invalidation finds it, or means who confirms it now",
            SignatureState.WITHDRAWN: "its writer takes it back",
            SignatureState.ERASED: "its writer, or the calendar, has it erased",
        },
        SignatureState.CONFIRMED: {
            SignatureState.HELD: "its words or the risk flags changed, or an approval is undone",
            SignatureState.INVALID: "an invalidation finds it",
            SignatureState.WITHDRAWN: "its writer takes it back",
            SignatureState.ERASED: "its writer has it erased, or its row leaves the sheet",
        },
        SignatureState.HELD: {
            SignatureState.CONFIRMED: "it is approved, or its words were changed",
            SignatureState.REJECTED: "it is rejected",
            SignatureState.INVALID: "an invalidation finds it",
            SignatureState.WITHDRAWN: "its writer takes it back",
            SignatureState.ERASED: "its writer, or the calendar, has it erased",
        },
        SignatureState.REJECTED: {
            SignatureState.HELD: "a rejection is undone",
            SignatureState.ERASED: "its writer has it erased",
        },
        # An undo puts back what it was; until then its writer goes on as if nothing had happened.
        SignatureState.INVALID: {
            SignatureState.PENDING: "an invalidation is undone, or the same person signs again",
            SignatureState.CONFIRMED: "an invalidation is undone",
            SignatureState.HELD: "an invalidation is undone",
            SignatureState.WITHDRAWN: "its writer takes it back",
            SignatureState.ERASED: "its writer has it erased",
        },
        SignatureState.WITHDRAWN: {
            SignatureState.PENDING: "the same person signs again, and no bundle holds it",
            SignatureState.ERASED: "its writer has it erased",
        },
        # Of a row of a sheet alone: its place in a bundle is kept.
        SignatureState.ERASED: {SignatureState.CONFIRMED: "the row is signed again"},
    }
)

LIVE = (SignatureState.PENDING, SignatureState.CONFIRMED, SignatureState.HELD)
"""States in which a letter is its writer's: to be read, changed, taken back, or found false."""


def may_move(before: SignatureState, after: SignatureState) -> bool:
    return before is after or after in MOVES[before]


def check_move(before: SignatureState, after: SignatureState) -> None:
    """Raise Refused (`signature-state`) where the move is none of its life."""
    if not may_move(before, after):
        raise Refused("signature-state", before=before.value, after=after.value)


def move_signature(signature: Signature, after: SignatureState) -> None:
    check_move(signature.state, after)
    signature.state = after


def empty_signature(signature: Signature) -> None:
    """Erase who it is of and what they wrote; its place, and its letters', stay."""
    move_signature(signature, SignatureState.ERASED)
    for row in (signature, *signature.letters):
        for column, value in empty_values(type(row), counted=True).items():
            setattr(row, column, value)
    signature.email_hmac = no_fingerprint()


def list_sources(after: SignatureState) -> tuple[SignatureState, ...]:
    return tuple(before for before in SignatureState if after in MOVES[before])
