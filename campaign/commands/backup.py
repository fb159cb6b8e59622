"""`campaign backup` and `campaign restore`."""

from pathlib import Path

import click

from campaign import storage
from campaign.commands import backup_archive
from campaign.commands.instance import ready_app
from campaign.core import audit_anchor


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write every row and every file of the instance to FILE (a ZIP).

    The keys are not in it: keep secret.key and data.key apart from it, and safe.
    """
    if file.exists():
        raise click.ClickException(f"{file} is there already. Give another name, or remove it.")
    app = ready_app()
    with app.app_context():
        rows = backup_archive.back_up(app.extensions["database"], storage.storage(), file)
    click.echo(f"{rows} rows are in {file}. Keep data.key apart: without it they stay sealed.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Read FILE into an empty instance; the keys must be those of the instance it came from."""
    app = ready_app(create=True)
    with app.app_context():
        rows = backup_archive.restore(app.extensions["database"], storage.storage(), file)
        # What an earlier instance in this folder knew of its audit says nothing about this one.
        audit_anchor.anchor_anew()
    click.echo(f"{rows} rows are back.")
