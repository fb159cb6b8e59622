"""Public keys of staff users, to which their exports can be encrypted: age and SSH keys."""

import base64
import hashlib
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from campaign.core import age, audit, db
from campaign.core.errors import Invalid
from campaign.models.export import ExportKey
from campaign.models.staff import StaffUser
from campaign.staff.staff_users import actor_name

MOST = 10  # keys of one export: each opens it
_LONGEST = 2000
_PRIVATE = ("AGE-SECRET-KEY-", "PRIVATE KEY")
_SSH = ("ssh-ed25519", "ssh-rsa")


def list_keys(session: Session, user: StaffUser) -> Sequence[ExportKey]:
    return session.scalars(
        select(ExportKey).where(ExportKey.staff_user_id == user.id).order_by(ExportKey.id)
    ).all()


def add_key(session: Session, *, user: StaffUser, typed: str, label: str) -> ExportKey:
    """Keep a key. Raises Invalid with the field `recipient`."""
    recipient = normalise_key(typed)
    mine = select(func.count()).select_from(ExportKey).where(ExportKey.staff_user_id == user.id)
    if (session.scalar(mine) or 0) >= MOST:
        raise Invalid(fields={"recipient": "keys-many"})
    key = ExportKey(staff_user_id=user.id, recipient=recipient, label=label.strip()[:60])
    try:
        with session.begin_nested():
            session.add(key)
    except IntegrityError as problem:
        raise Invalid(fields={"recipient": "key-known"}) from problem
    _note(session, user, "export.key-add", recipient)
    return key


def remove_key(session: Session, *, user: StaffUser, public_id: str) -> None:
    """Delete a key of the user's. Exports that were encrypted to it stay so. Raises NotFound."""
    key = db.get_row(
        session,
        select(ExportKey).where(
            ExportKey.public_id == public_id, ExportKey.staff_user_id == user.id
        ),
        "export-key",
    )
    session.delete(key)
    session.flush()
    _note(session, user, "export.key-remove", key.recipient)


def _note(session: Session, user: StaffUser, action: str, recipient: str) -> None:
    actor, known_by = actor_name(user), fingerprint(recipient)
    audit.record(session, actor, action, actor, fingerprint=known_by)


def normalise_key(typed: str, *, field: str = "recipient") -> str:
    """Return it without the comment. Raises Invalid: `key-private`, `key-unknown`, `key-kind`."""
    words = typed.split()
    if any(mark in typed.upper() for mark in _PRIVATE):
        raise Invalid(fields={field: "key-private"})
    if not words or len(typed) > _LONGEST:
        raise Invalid(fields={field: "key-unknown"})
    if words[0].startswith(("ecdsa-", "sk-")) or words[0] == "ssh-dss":
        raise Invalid(fields={field: "key-kind"})
    key = " ".join(words[:2]) if words[0] in _SSH else words[0].lower()
    if words[0] not in _SSH and len(words) > 1:
        raise Invalid(fields={field: "key-unknown"})
    if not age.is_recipient(key):
        raise Invalid(fields={field: "key-unknown"})
    return key


def read_lines(typed: str, *, field: str) -> list[str]:
    lines = [line for line in typed.splitlines() if line.strip()]
    if any(mark in typed.upper() for mark in _PRIVATE):
        raise Invalid(fields={field: "key-private"})
    return list(dict.fromkeys(normalise_key(line, field=field) for line in lines))


def fingerprint(key: str) -> str:
    """Return what a person recognizes a key by: ssh-keygen's SHA256, or the age key itself."""
    if not key.startswith("ssh-"):
        return key
    blob = base64.b64decode(key.split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
