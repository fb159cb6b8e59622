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
    """Look after the stored files."""


@files.command()
def encrypt() -> None:
    """Encrypt files that lie there as they are, from before files were encrypted.

    Until then they are not handed out. Each is replaced only once its encrypted copy is whole: it
    can be interrupted and run again, also while the instance serves.
    """
    app = ready_app()
    with app.app_context():
        store = storage.storage()
        plain = list(store.unsealed())
        hidden = not sys.stderr.isatty()
        with click.progressbar(plain, label="Encrypting", file=sys.stderr, hidden=hidden) as bar:
            for name in bar:
                store.seal_plain(name)
    click.echo(f"{len(plain)} files are encrypted now." if plain else "Every file is encrypted.")


@files.command()
@click.argument("name", required=False)
@click.option("--remove", is_flag=True, help="Remove it, and print nothing.")
def aside(name: str | None, *, remove: bool) -> None:
    """List mails that could not be read twice, or print the one of that NAME as it came.

    It is a stranger's: open it where it can do no harm.
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
            raise click.ClickException(f"No mail of that name is put aside: {name}") from problem
        if remove:
            store.delete(f"{ASIDE}/{name}")
