"""Mailboxes that a mail server fills and we empty: by Maildir, by IMAP, or both.

A mail is removed once what it says is stored, and never before; one that comes again does nothing
new. What fails twice is put aside, sealed.
"""

import secrets
import shutil
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import structlog
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from campaign.core import clock, db, rate_limits
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.core.settings import Settings, current_settings
from campaign.mail.imap import EndlessMail, open_folder
from campaign.storage import FilesAway, storage

log = structlog.get_logger()

ASIDE = "put-aside"
_SECONDS = 60.0
"""For which one run reads: much shorter than to the next one, or both would hold up all else."""
_SECONDS_OF_SHARE = 15.0
"""Of a run, for mails of one share before all others."""
_SECONDS_OF_LOOKING = 30.0
"""Of a run: then those that were put off are read, whatever is behind them."""
_BEGINNING = 64 * 1024  # bytes
_UNREADABLE = "unreadable"
"""The share of mails that do not say which is theirs."""
_NOT_THE_MAIL = (OSError, OperationalError, FilesAway, WorkProcessStopped)
"""Faults of the machine, or so they look: the mail is tried again."""


class WaitingMail(Protocol):
    @property
    def has_failed(self) -> bool: ...
    def open(self) -> BinaryIO: ...
    def remember_failure(self) -> None: ...
    def leave(self) -> None: ...
    def remove(self) -> None: ...


def empty_mailboxes(
    take: Callable[[bytes], bool],
    *,
    kind: str,
    most_bytes: int,
    maildir: str,
    imap: tuple[str, str],
    find_share: Callable[[bytes], Hashable] | None = None,
) -> None:
    """Hand each mail's first bytes to `take`, and remove what it took.

    :param imap: address and password of the folder, as `Settings.imap_mailboxes` has them.
    :param find_share: says by a mail's beginning with which others it has to share its time, so
        that they hold up nothing else; None: with none.
    """
    read_all = partial(_empty, take=take, kind=kind, most_bytes=most_bytes, find_share=find_share)
    if maildir and not is_maildir(path := current_settings().folder / maildir):
        log.error("mail cannot be read: no Maildir folder", kind=kind)
    elif maildir:
        read_all(list_mails(path))
    if imap[0]:
        try:
            with open_folder(*imap) as mails:
                read_all(mails)
            has_failed = False
        except OSError as problem:
            log.error("mail cannot be read by IMAP", kind=kind, problem=type(problem).__name__)
            has_failed = True
        with db.transaction() as session:
            rate_limits.note_result(session, f"{kind}_imap", has_failed=has_failed)


def is_imap_away(session: Session, settings: Settings) -> bool:
    """Whether a mailbox could not be opened twice in a row: a server may start anew. No look."""
    names = [name for name, (address, _) in settings.imap_mailboxes.items() if address]
    return any(rate_limits.count_failures(session, name) > 1 for name in names)


def _empty(
    mails: Iterable[WaitingMail],
    *,
    take: Callable[[bytes], bool],
    kind: str,
    most_bytes: int,
    find_share: Callable[[bytes], Hashable] | None,
) -> None:
    until, left = time.monotonic() + _SECONDS, 0
    # What a reader does not get through must not come first in each run.
    in_turn = sorted(mails, key=lambda mail: mail.has_failed)
    for mail in _sort_by_share(in_turn, find_share) if find_share else in_turn:
        if time.monotonic() > until:
            log.warning("mails wait for the next run", kind=kind)
            break
        left += not _is_taken(mail, take, kind, most_bytes)
    if left:
        log.warning("mails that are not for us were left", kind=kind, count=left)


def _sort_by_share(
    mails: Iterable[WaitingMail], find_share: Callable[[bytes], Hashable]
) -> Iterator[WaitingMail]:
    """Yield mails while whoever takes them reads; what goes beyond its share comes after others."""
    spent: dict[Hashable, float] = {}
    put_off, waiting = [], iter(mails)
    until = time.monotonic() + _SECONDS_OF_LOOKING
    for mail in waiting:
        begun = time.monotonic()
        share = _find_share_of(mail, find_share)
        if share is not None and spent.get(share, 0.0) > _SECONDS_OF_SHARE:
            put_off.append(mail)
            if begun > until:
                break
        else:
            yield mail
            spent[share] = spent.get(share, 0.0) + time.monotonic() - begun
    yield from put_off
    yield from waiting


def _find_share_of(mail: WaitingMail, find_share: Callable[[bytes], Hashable]) -> Hashable:
    try:
        with mail.open() as file:
            return find_share(file.read(_BEGINNING))
    except Exception:
        return _UNREADABLE  # what is wrong with it is seen when it is read


def list_put_aside() -> list[str]:
    return sorted(storage().names(ASIDE))


def _is_taken(mail: WaitingMail, take: Callable[[bytes], bool], kind: str, most_bytes: int) -> bool:
    try:
        try:
            with mail.open() as file:
                taken = take(file.read(most_bytes))
        except _NOT_THE_MAIL:
            raise
        except Exception as problem:
            # Whatever strangers send must not hold up the others; its words may quote an address.
            log.warning("mail not understood", problem=type(problem).__name__)
            if not mail.has_failed:
                mail.remember_failure()
                return False
            taken = _put_aside(mail, kind)
        if taken:
            mail.remove()  # it holds an address, and often our mail with its link
        else:
            mail.leave()
    except _NOT_THE_MAIL as problem:
        log.warning("mail not read", problem=type(problem).__name__)
        if isinstance(problem, WorkProcessStopped) and not mail.has_failed:
            with suppress(OSError):
                mail.remember_failure()
        return False
    return taken


def _put_aside(mail: WaitingMail, kind: str) -> bool:
    """Keep a copy. Return whether there is one: of a mail without end there is none."""
    moment = clock.utcnow().strftime("%Y%m%dT%H%M")
    name = f"{ASIDE}/{moment}-{kind}-{secrets.token_hex(4)}"
    try:
        with mail.open() as file, storage().create(name) as kept:
            shutil.copyfileobj(file, kept)
    except EndlessMail:
        return False
    log.error("mail put aside", name=name)
    return True


_FAILED = ".failed"
"""How the name of a mail ends that failed once; the rest of it is the mail server's."""


class MaildirMail:
    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def has_failed(self) -> bool:
        return self._path.name.endswith(_FAILED)

    def open(self) -> BinaryIO:
        return self._path.open("rb")

    def remember_failure(self) -> None:
        self._path.rename(self._path.with_name(f"{self._path.name}{_FAILED}"))

    def leave(self) -> None:
        """Have it stay, unread to people: reading it costs time, and anybody sends more."""
        folder = self._path.parent.with_name("cur")
        self._path.rename(folder / f"{self._path.name.removesuffix(_FAILED)}:2,")

    def remove(self) -> None:
        self._path.unlink()


def is_maildir(path: Path) -> bool:
    return all((path / part).is_dir() for part in ("cur", "new", "tmp"))


def list_mails(path: Path, folder: str = "new") -> list[MaildirMail]:
    return [MaildirMail(mail) for mail in sorted((path / folder).iterdir())]
