"""The audit's anchor: how the chain stood lately, sealed in a file of the instance.

The chain alone cannot show that its last entries were cut off, nor that somebody with the database
made all of it anew. The anchor can: it lies outside the database, sealed with a key that is not in
it either. Each backup holds one as well, and `campaign audit verify` prints it for a notebook.
"""

import base64
import os
import secrets
from pathlib import Path

import structlog

from campaign.core import audit, db, jobs
from campaign.core.audit import Anchor
from campaign.core.sealing import Keyring, WrongKey
from campaign.core.settings import current_settings

log = structlog.get_logger()
_PLACE = "audit.anchor"


class DamagedAnchor(Exception):
    """The anchor cannot be read: it was changed, or sealed with another key."""


@jobs.job("audit.anchor", every_minutes=15)
def move_anchor() -> None:
    """Move the anchor to the chain's end; where the chain does not fit it, it stays and tells."""
    before = read_anchor()
    with db.reading() as session:
        fault = next(audit.check(session, since=before), None)
        head = audit.head(session)
        if before is not None and fault is None and head.last <= before.last:
            fault = next(audit.check(session, anchors=[before]), None)
    if fault is not None:
        log.error("the audit is broken", kind=fault.kind, entry=fault.entry)
    elif before is None or head.last > before.last:
        _write(head)


def anchor_anew() -> None:
    """Take the chain as it is: after a backup was restored."""
    with db.reading() as session:
        _write(audit.head(session))


def list_anchors() -> list[Anchor]:
    """Return the instance's anchor, if there is one yet."""
    anchor = read_anchor()
    return [] if anchor is None else [anchor]


def read_anchor() -> Anchor | None:
    """Return the instance's anchor; None before the first. Raises DamagedAnchor."""
    path = _path()
    return open_anchor(db.database().keyring, path.read_text()) if path.exists() else None


def seal_anchor(keyring: Keyring, anchor: Anchor) -> str:
    """Return an anchor as text that nobody without the data key can make."""
    return base64.b64encode(keyring.seal(str(anchor), _PLACE)).decode()


def open_anchor(keyring: Keyring, text: str) -> Anchor:
    """Return what `seal_anchor` was given. Raises DamagedAnchor."""
    try:
        return Anchor.parse(keyring.open(base64.b64decode(text, validate=True), _PLACE))
    except (ValueError, WrongKey) as problem:
        raise DamagedAnchor from problem


def _write(anchor: Anchor) -> None:
    path = _path()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(seal_anchor(db.database().keyring, anchor))
    draft.replace(path)


def _path() -> Path:
    settings = current_settings()
    return settings.folder / "audit.anchor"
