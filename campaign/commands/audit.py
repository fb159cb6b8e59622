"""`campaign audit`: whether the record of who did what is whole."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from campaign import storage
from campaign.commands import backup_archive
from campaign.commands.backup import IDENTITY, list_own_anchors, parse_anchor
from campaign.commands.backup_manifest import read_manifest
from campaign.commands.instance import ready_app
from campaign.core import audit as chain
from campaign.core import audit_anchor, db
from campaign.core.audit import Anchor, Fault

_QUIET_SECONDS = 2
_SENTENCES = {
    "edited": "Entry {entry} ({at}) was changed.",
    "missing": "At least one entry is missing before entry {entry} ({at}).",
    "cut": "Entries up to {entry} are missing at the end.",
    "rewritten": "The chain up to entry {entry} is not the same as before.",
}


@click.group()
def audit() -> None:
    """Check the audit log."""


@audit.command()
@click.option("--anchor", "text", help="The anchor that an earlier run printed.")
@click.option(
    "--backup",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A backup. Its audit log must be the beginning of this one.",
)
@IDENTITY
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(text: str | None, backup: Path | None, identity: Path | None, as_json: bool) -> None:
    """Check every entry of the audit log against the entry before it.

    Each broken place is printed on its own line. The exit code is 0 only if there is none. To
    find entries cut off the end, the command compares the log with the anchor in the instance
    folder, with an anchor you kept (--anchor) or with a backup (--backup).
    """
    app = ready_app()
    with app.app_context(), db.reading() as session:
        anchors = [*list_own_anchors(), *parse_anchor(text), *_anchor_of(backup, identity)]
        now = chain.head(session)
        with _bar(now.entries) as progress:
            faults = list(chain.check(session, anchors=anchors, progress=progress))
    for fault in faults:
        click.echo(_sentence(fault), err=True)
    if as_json:
        click.echo(json.dumps(_facts(now, anchors, faults)))
    elif not faults:
        click.echo(
            f"All {now.entries} entries are intact. Keep this anchor for the next check: {now}"
        )
    sys.exit(1 if faults else 0)


def _anchor_of(backup: Path | None, identity: Path | None) -> list[Anchor]:
    if backup is None:
        return []
    keyring = db.database().keyring
    try:
        with backup_archive.open_backup(backup, storage.storage(), identity) as archive:
            # An anchor is sealed by itself: it holds without the manifest's HMAC.
            return [read_manifest(archive, keyring, unsigned=True).get_anchor(keyring)]
    except audit_anchor.DamagedAnchor as problem:
        raise click.ClickException(f"{backup.name} has no readable anchor.") from problem


@contextmanager
def _bar(total: int) -> Iterator[Callable[[int], object]]:
    """A progress bar on a terminal, once it has taken two seconds."""
    started, bars = time.monotonic(), list[Any]()

    def progress(done: int) -> None:
        if not bars and sys.stderr.isatty() and time.monotonic() - started > _QUIET_SECONDS:
            bars.append(click.progressbar(length=total, label="Entries", file=sys.stderr))
        for bar in bars:
            bar.update(done - bar.pos)

    yield progress
    for bar in bars:
        bar.render_finish()


def _sentence(fault: Fault) -> str:
    at = fault.at.isoformat(timespec="seconds") if fault.at else ""
    return _SENTENCES[fault.kind].format(entry=fault.entry, at=at)


def _facts(now: Anchor, anchors: list[Anchor], faults: list[Fault]) -> dict[str, object]:
    return {
        "ok": not faults,
        "entries": now.entries,
        "anchor": str(now),
        "anchored": [anchor.entries for anchor in anchors],
        "problems": [
            {
                "kind": fault.kind,
                "entry": fault.entry,
                "at": fault.at.isoformat() if fault.at else None,
            }
            for fault in faults
        ],
    }
