"""`campaign keys`: the data keys of an instance, and how all goes over to a new one."""

import base64
import sys
import time

import click
from sqlalchemy.exc import OperationalError

from campaign import storage
from campaign.commands.instance import ready_app
from campaign.core import audit, audit_anchor, db, turn_keys
from campaign.core.keyfiles import new_key, read_key
from campaign.core.sealing import MOST_KEYS
from campaign.core.settings import load_settings

_TRIES = 300


@click.group()
def keys() -> None:
    """Show, add and turn the keys that seal personal data."""


@keys.command()
def show() -> None:
    """Say which keys there are and which of them is used. No key is shown."""
    app = ready_app()
    with app.app_context():
        keyring, settings = db.database().keyring, app.extensions["settings"]
        for version in range(1, keyring.newest + 1):
            where = "setting" if settings.data_key else settings.key_file(version).name
            does = "seals" if version == keyring.state.sealing else "opens what it sealed"
            if version < keyring.state.bound:
                does = "opens files and backups; refused in the database"
            click.echo(f"{version}  {keyring.name_key(version)}  {where}  {does}")
        click.echo(_say_state())


def _say_state() -> str:
    keyring = db.database().keyring
    with db.reading() as session:
        is_behind = turn_keys.has_earlier(session)
    if not is_behind and keyring.state.sealing == keyring.state.look_ups == keyring.newest:
        return "All is sealed with the newest key and bound to its row."
    return "Some values are not sealed with the newest key. Run: campaign keys rotate"


@keys.command()
def add() -> None:
    """Make a new key. It is not used before `campaign keys rotate`.

    It lies beside the others in the instance folder. Where the keys come from settings it is
    printed, to be put at the end of later_data_keys.
    """
    settings = load_settings()
    version = len(settings.data_secrets) + 1
    if version > MOST_KEYS:
        raise click.ClickException(f"There are {MOST_KEYS} keys, and no more can be.")
    if settings.data_key:
        click.echo(base64.b64encode(new_key()).decode())
        click.echo(f"Put it at the end of later_data_keys: it is key {version}.", err=True)
    else:
        path = settings.key_file(version)
        read_key(path)
        click.echo(f"{path} is key {version}.", err=True)
    click.echo(
        "Bring it to every machine of this instance and keep a copy apart, start all processes "
        "again, then run: campaign keys rotate",
        err=True,
    )


@keys.command()
def rotate() -> None:
    """Seal everything anew with the newest key, while the instance serves.

    It can be ended at any moment and run again: it goes on where it was. Earlier keys must stay
    where they are: earlier backups, and links in mails, need them.
    """
    app = ready_app()
    with app.app_context():
        turn_keys.begin()
        rows, failed = _reseal_rows()
        files = _turn_files(storage.storage())
        _turn_soon()
        with db.transaction() as session:
            version = db.database().keyring.newest
            audit.record(
                session,
                actor="command",
                action="keys.rotate",
                subject=f"key:{version}",
                rows=rows,
                files=files,
            )
        audit_anchor.anchor_anew()
    click.echo(f"{rows} rows and {files} files are sealed with key {version}.")
    if failed:
        click.echo(f"{failed} rows did not open before, and do not now.", err=True)


def _reseal_rows() -> tuple[int, int]:
    rows = failed = 0
    is_shown = sys.stderr.isatty()
    for table, done, left in turn_keys.reseal():
        rows, failed = rows + done, failed + left
        if is_shown:
            click.echo(f"\r{table}: {rows} rows", nl=False, err=True)
    if is_shown:
        click.echo("", err=True)
    return rows, failed


def _turn_files(store: storage.Storage) -> int:
    """Seal the keys of files anew; those that do not open stay as they are."""
    files = 0
    for name in store.names():
        try:
            files += store.turn_key(name)
        except storage.FileDamaged:
            click.echo(f"{name} does not open, and is left as it is.", err=True)
    return files


def _turn_soon() -> None:
    """Wait for a moment at which nobody writes."""
    for left in reversed(range(_TRIES)):
        try:
            turn_keys.turn()
        except OperationalError:
            if not left:
                raise click.ClickException(
                    "Somebody was always writing. Run it again, at a quiet hour if it must be."
                ) from None
            time.sleep(0.2)
        else:
            return
