"""Maildir folders that a mail server fills and we empty. What fails twice is put aside, sealed."""

import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy.exc import OperationalError

from campaign.core import clock
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.storage import FilesAway, storage

log = structlog.get_logger()

ASIDE = "put-aside"
_FAILED = ".failed"
"""How the name of a mail ends that failed once; the rest of it is the mail server's."""
_NOT_THE_MAIL = (OSError, OperationalError, FilesAway, WorkProcessStopped)
"""Faults of the machine: the mail is tried again as if nothing was."""


def is_maildir(path: Path) -> bool:
    return all((path / part).is_dir() for part in ("cur", "new", "tmp"))


def empty(path: Path, take: Callable[[bytes], bool], *, kind: str, most_bytes: int) -> int:
    """Hand each new mail's first bytes to `take`, remove what it took; return how many are left."""
    mails = sorted((path / "new").iterdir())
    return sum(not _is_taken(mail, take, kind, most_bytes) for mail in mails)


def list_put_aside() -> list[str]:
    return sorted(storage().names(ASIDE))


def _is_taken(mail: Path, take: Callable[[bytes], bool], kind: str, most_bytes: int) -> bool:
    try:
        with mail.open("rb") as file:
            taken = take(file.read(most_bytes))
    except _NOT_THE_MAIL as problem:
        log.warning("mail not read", problem=type(problem).__name__)
        return False
    except Exception as problem:
        # Whatever strangers send must not hold up the others; its words may quote an address.
        log.warning("mail not understood", problem=type(problem).__name__)
        if not mail.name.endswith(_FAILED):
            mail.rename(mail.with_name(f"{mail.name}{_FAILED}"))
            return False
        taken = _put_aside(mail, kind)
    if taken:
        mail.unlink()  # it holds an address, and often our mail with its link
    return taken


def _put_aside(mail: Path, kind: str) -> bool:
    """Keep a mail for who runs the site; tells whether the storage took it."""
    moment = clock.utcnow().strftime("%Y%m%dT%H%M")
    name = f"{ASIDE}/{moment}-{kind}-{secrets.token_hex(4)}"
    try:
        with mail.open("rb") as file, storage().create(name) as kept:
            shutil.copyfileobj(file, kept)
    except (OSError, FilesAway) as problem:
        log.warning("mail not put aside", problem=type(problem).__name__)
        return False
    log.error("mail put aside", name=name)
    return True
