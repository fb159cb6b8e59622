"""`campaign keys`: the data keys of an instance, and how all goes over to a new one."""

import base64
import sys
import time

import click
from sqlalchemy.exc import OperationalError

from campaign import storage
from campaign.commands.instance import ready_app
from campaign.core import audit, db
from campaign.core.db import turn_keys
from campaign.core.db.missing_key import was_key_missing
from campaign.core.keyfiles import new_key, read_key
from campaign.core.sealing import MOST_KEYS
from campaign.core.settings import current_settings, load_settings

_TRIES = 300
RESTART = (
    "In the last five minutes a running process lacked the newest key and answered nothing. "
    "Restart all processes of this instance, the web server and the background service."
)


@click.group()
def keys() -> None:
    """Show, add and rotate the keys that encrypt personal data."""


@keys.command()
def show() -> None:
    """List the keys and which one is used, without showing any key."""
    with ready_app().app_context():
        keyring, settings = db.database().keyring, current_settings()
        for version in range(1, keyring.newest + 1):
            where = "setting" if settings.data_key else settings.key_file(version).name
            does = "encrypts" if version == keyring.state.sealing else "decrypts what it encrypted"
            if version < keyring.state.bound:
                does = "decrypts files and backups; refused in the database"
            click.echo(f"{version}  {keyring.name_key(version)}  {where}  {does}")
        click.echo(_say_state())


def _say_state() -> str:
    keyring = db.database().keyring
    with db.reading() as session:
        is_behind = turn_keys.has_earlier(session)
    if not is_behind and keyring.state.sealing == keyring.state.look_ups == keyring.newest:
        return "Everything is encrypted with the newest key and bound to its row."
    return "Some values are not encrypted with the newest key. Run: campaign keys rotate"


@keys.command()
def add() -> None:
    """Create a new key. It is used only after `campaign keys rotate`.

    The key is saved beside the others in the instance folder. If the keys come from settings, it
    is printed instead. Put it at the end of later_data_keys.
    """
    settings = load_settings()
    version = len(settings.data_secrets) + 1
    if version > MOST_KEYS:
        raise click.ClickException(f"There are already {MOST_KEYS} keys, the maximum.")
    if settings.data_key:
        click.echo(base64.b64encode(new_key()).decode())
        click.echo(f"This is key {version}. Put it at the end of later_data_keys.", err=True)
    else:
        path = settings.key_file(version)
        read_key(path)
        click.echo(f"Created key {version}: {path}", err=True)
    click.echo(
        "Copy the key to every machine of this instance and keep a copy elsewhere. "
        "Restart all processes, then run: campaign keys rotate",
        err=True,
    )


@keys.command()
def rotate() -> None:
    """Encrypt everything again with the newest key, while the site runs.

    You can stop this at any time. Run it again to continue. Keep the earlier keys where they are:
    earlier backups and links in emails need them.
    """
    app = ready_app()
    with app.app_context():
        keyring = db.database().keyring
        if keyring.state.sealing < keyring.newest:
            _warn_of_old_processes(keyring.newest)
        turn_keys.begin()
        rows, failed = _reseal_rows()
        files = _turn_files(storage.storage())
        _turn_soon()
        with db.transaction() as session:
            version = db.database().keyring.newest
            audit.record(
                session, "command", "keys.rotate", f"key:{version}", rows=rows, files=files
            )
        audit.anchor_anew()
    click.echo(f"Encrypted {rows} rows and {files} files with key {version}.")
    if failed:
        click.echo(f"{failed} rows could not be decrypted and are unchanged.", err=True)
    if was_key_missing(app.extensions["settings"].folder):
        click.echo(RESTART, err=True)


def _warn_of_old_processes(version: int) -> None:
    """Say what cannot be known from here: whether processes that run have the new key."""
    click.echo(
        "Each running process (web server, background service) must have been restarted since key "
        f"{version} was added, on every machine. One that was not answers nothing from now on, "
        "until it is.",
        err=True,
    )
    if sys.stdin.isatty():
        click.confirm("Were all processes restarted?", abort=True, err=True)


def _reseal_rows() -> tuple[int, int]:
    rows = failed = 0
    is_shown = sys.stderr.isatty()
    for table, sealed, left in turn_keys.reseal():
        rows, failed = rows + sealed, failed + left
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
            click.echo(f"{name} cannot be decrypted and is unchanged.", err=True)
    return files


def _turn_soon() -> None:
    """Wait for a moment at which nobody writes."""
    for left in reversed(range(_TRIES)):
        try:
            turn_keys.turn()
        except OperationalError:
            if not left:
                raise click.ClickException(
                    "The database was too busy. Run this again at a quiet time."
                ) from None
            time.sleep(0.2)
        else:
            return
