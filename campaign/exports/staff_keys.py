"""The public keys of staff users, to which their exports can be encrypted."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core import audit
from campaign.core.errors import Invalid, NotFound
from campaign.exports import recipient_keys
from campaign.models.export import ExportKey
from campaign.models.staff import StaffUser
from campaign.staff.staff_users import actor_name


def list_keys(unit: Session, user: StaffUser) -> Sequence[ExportKey]:
    """The user's keys, in the order in which they came."""
    return unit.scalars(
        select(ExportKey).where(ExportKey.staff_user_id == user.id).order_by(ExportKey.id)
    ).all()


def add_key(unit: Session, *, user: StaffUser, typed: str, label: str) -> ExportKey:
    """Keep a key. Raises Invalid with the field `recipient`."""
    recipient = recipient_keys.normalised(typed)
    mine = select(func.count()).select_from(ExportKey).where(ExportKey.staff_user_id == user.id)
    if (unit.scalar(mine) or 0) >= recipient_keys.MOST:
        raise Invalid(fields={"recipient": "keys-many"})
    key = ExportKey(staff_user_id=user.id, recipient=recipient, label=label.strip()[:60])
    try:
        with unit.begin_nested():
            unit.add(key)
    except IntegrityError as problem:
        raise Invalid(fields={"recipient": "key-known"}) from problem
    audit.record(
        unit, actor=actor_name(user), action="export.key-add", subject=actor_name(user),
        fingerprint=recipient_keys.fingerprint(recipient),
    )  # fmt: skip
    return key


def remove_key(unit: Session, *, user: StaffUser, public_id: str) -> None:
    """Forget a key of the user's. Exports that were encrypted to it stay so. Raises NotFound."""
    key = unit.scalar(
        select(ExportKey).where(
            ExportKey.public_id == public_id, ExportKey.staff_user_id == user.id
        )
    )
    if key is None:
        raise NotFound("export-key")
    unit.delete(key)
    unit.flush()
    audit.record(
        unit, actor=actor_name(user), action="export.key-remove", subject=actor_name(user),
        fingerprint=recipient_keys.fingerprint(key.recipient),
    )  # fmt: skip
