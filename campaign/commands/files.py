"""`campaign files`: what an instance keeps, on its disk or in its store."""

import shutil
import sys

import click

from campaign import storage
from campaign.commands.instance import ready_app
from campaign.core.errors import NotFound
from campaign.mail.maildirs import ASIDE, list_put_aside


@click.group()
def files() -> None:
    """Manage the stored files."""


@files.command()
def encrypt() -> None:
    """Encrypt files stored by earlier versions.

    No one can download them until then. A file is replaced only when its encrypted copy is
    complete. You can stop this at any time and run it again while the site runs.
    """
    app = ready_app()
    with app.app_context():
        store = storage.storage()
        plain = list(store.unsealed())
        hidden = not sys.stderr.isatty()
        with click.progressbar(plain, label="Encrypting", file=sys.stderr, hidden=hidden) as bar:
            for name in bar:
                store.seal_plain(name)
    click.echo(f"Encrypted {len(plain)} files." if plain else "Every file is already encrypted.")


@files.command()
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Delete the email and print nothing.")
def aside(name: str | None, *, remove: bool) -> None:
    """List emails that could not be read, or print the email NAME as it was received.

    The email is from a stranger. Open it where it can do no harm.
    """
    with ready_app().app_context():
        store = storage.storage()
        if name is None:
            for kept in list_put_aside():
                click.echo(kept.removeprefix(f"{ASIDE}/"))
            return
        try:
            with store.open(f"{ASIDE}/{name}") as mail:
                if not remove:
                    shutil.copyfileobj(mail, sys.stdout.buffer)
        except NotFound as problem:
            raise click.ClickException(
                f"There is no unreadable email with this name: {name}"
            ) from problem
        if remove:
            store.delete(f"{ASIDE}/{name}")
