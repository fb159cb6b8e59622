"""`campaign backup`, `campaign restore`, and `campaign audit`: whether the audit log is whole."""

import json
import sys
from pathlib import Path

import click

from campaign import migrations, storage
from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.commands.backup_manifest import read_manifest
from campaign.commands.instance import ready_app, slow_bar
from campaign.core import audit, db
from campaign.core.audit import Anchor, ChainFault
from campaign.core.settings import current_settings
from campaign.operations.alarms import BACKED_UP, BACKUP_FAILED

_SENTENCES = {
    "edited": "Entry {entry} ({at}) was changed.",
    "missing": "At least one entry is missing before entry {entry} ({at}).",
    "cut": "Entries up to {entry} are missing at the end.",
    "rewritten": "The chain up to entry {entry} is not the same as before.",
}


_identity = click.option(
    "--identity",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the secret key (age or SSH) that decrypts the backup.",
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write all rows and files to FILE (a ZIP).

    The file is encrypted with the keys in the setting backup_recipients, if there are any. It
    does not contain the instance's own keys. Keep secret.key and data.key in another safe place.
    """
    if file.exists():
        raise click.ClickException(f"{file} already exists. Choose another name or delete it.")
    with ready_app().app_context():
        settings = current_settings()
        recipients = settings.backup_recipients
        # Before it, so that the backup's own audit log has the line and reaches the anchor.
        _note(BACKED_UP)
        try:
            rows, anchor = backup_archive.back_up(
                db.database(), storage.storage(), file, recipients
            )
        except BaseException:
            _note(BACKUP_FAILED)
            raise
    number = "1 key" if len(recipients) == 1 else f"{len(recipients)} keys"
    encrypted = f", encrypted with {number}" if recipients else ""
    keys = ", ".join(settings.list_key_names())
    click.echo(
        f"Wrote {rows} rows to {file}{encrypted}. They cannot be read without the keys of this "
        f"instance: keep all of them elsewhere ({keys}).\n"
        f"Keep this elsewhere too, to check the backup when you restore it: --anchor {anchor}"
    )


def _note(action: str) -> None:
    with db.transaction() as session:
        audit.record(session, "command", action, "instance")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_identity
@click.option(
    "--anchor", "text", help="The anchor that `campaign backup` or `campaign audit verify` printed."
)
@click.option(
    "--older", is_flag=True, help="Accept a backup whose audit log ends before the anchor."
)
@click.option(
    "--unknown-anchor",
    is_flag=True,
    help="Accept a backup whose audit log no anchor confirms: it is missing or different.",
)
@click.option(
    "--unsigned",
    is_flag=True,
    help="Accept a manifest without an HMAC, from a backup made by an earlier version.",
)
def restore(
    file: Path,
    identity: Path | None,
    text: str | None,
    *,
    older: bool,
    unknown_anchor: bool,
    unsigned: bool,
) -> None:
    """Restore FILE into an empty instance.

    The instance needs the keys of the original instance. The backup's audit log must reach the
    anchor in the instance folder and the one you kept (--anchor). If you override a check, the
    audit log says so.
    """
    given = _parse_anchor(text)
    with ready_app(create=True, any_revision=True).app_context():
        own = _list_own_anchors()
        restored = backup_archive.restore(
            db.database(),
            storage.storage(),
            file,
            Accepted(
                # The anchor of an empty audit fits every other.
                [anchor for anchor in (*own, *given) if anchor.last],
                older=older,
                unknown_anchor=unknown_anchor,
                unsigned=unsigned,
            ),
            identity,
        )
        audit.anchor_anew()
    if not restored.signed:
        click.echo(
            "Warning: we could not check who made this backup or that it is complete.", err=True
        )
    if restored.anchor == "older":
        click.echo("Warning: this backup is older. Anything newer is missing.", err=True)
    if restored.anchor == "unknown":
        click.echo("Warning: we could not check that its audit log is yours.", err=True)
    click.echo(f"Restored {restored.rows} rows.")
    if restored.revision != migrations.newest_revision():
        click.echo("The rows are from an earlier version. Run: campaign db upgrade")


@click.group("audit")
def audit_group() -> None:
    """Check the audit log."""


@audit_group.command()
@click.option("--anchor", "text", help="The anchor that an earlier run printed.")
@click.option(
    "--backup",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A backup. Its audit log must be the beginning of this one.",
)
@_identity
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(text: str | None, backup: Path | None, identity: Path | None, as_json: bool) -> None:
    """Check every entry of the audit log against the entry before it.

    Each broken place is printed on its own line. The exit code is 0 only if there is none. To
    find entries cut off the end, the command compares the log with the anchor in the instance
    folder, with an anchor you kept (--anchor) or with a backup (--backup).
    """
    with ready_app().app_context(), db.reading() as session:
        anchors = [*_list_own_anchors(), *_parse_anchor(text), *_anchor_of(backup, identity)]
        now = audit.head(session)
        with slow_bar(now.entries, "Entries") as progress:
            faults = list(audit.check(session, anchors=anchors, progress=progress))
    for fault in faults:
        at = fault.at.isoformat(timespec="seconds") if fault.at else ""
        click.echo(_SENTENCES[fault.kind].format(entry=fault.entry, at=at), err=True)
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
    except audit.DamagedAnchor as problem:
        raise click.ClickException(f"{backup.name} has no readable anchor.") from problem


def _facts(now: Anchor, anchors: list[Anchor], faults: list[ChainFault]) -> dict[str, object]:
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


def _list_own_anchors() -> list[Anchor]:
    """Return the instance's anchor, if there is one. Raises ClickException where it is damaged."""
    try:
        return audit.list_anchors()
    except audit.DamagedAnchor as problem:
        raise click.ClickException(
            "audit.anchor in the instance folder was changed, or encrypted with a key that is not "
            "here."
        ) from problem


def _parse_anchor(text: str | None) -> list[Anchor]:
    """Return the anchor that was typed, if one was. Raises BadParameter."""
    if text is None:
        return []
    try:
        return [Anchor.parse(text)]
    except ValueError as problem:
        raise click.BadParameter("it looks like 120.120.ab12…", param_hint="--anchor") from problem
