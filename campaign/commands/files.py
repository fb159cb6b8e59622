"""`campaign files`: what an instance keeps, on its disk or in its store."""

import sys

import click

from campaign import storage
from campaign.commands.instance import ready_app


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
