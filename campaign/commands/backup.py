"""`campaign backup` and `campaign restore`."""

from pathlib import Path

import click

from campaign import migrations, storage
from campaign.commands import backup_archive
from campaign.commands.backup_archive import Accepted
from campaign.commands.instance import ready_app
from campaign.core import audit_anchor
from campaign.core.audit import Anchor

IDENTITY = click.option(
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
    app = ready_app()
    recipients = app.extensions["settings"].backup_recipients
    with app.app_context():
        rows, anchor = backup_archive.back_up(
            app.extensions["database"], storage.storage(), file, recipients
        )
    encrypted = f", encrypted with {len(recipients)} keys" if recipients else ""
    click.echo(
        f"Wrote {rows} rows to {file}{encrypted}. Keep data.key elsewhere: it decrypts them.\n"
        f"Keep this elsewhere too, to check the backup when you restore it: --anchor {anchor}"
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
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
    given = parse_anchor(text)
    app = ready_app(create=True, any_revision=True)
    with app.app_context():
        own = list_own_anchors()
        restored = backup_archive.restore(
            app.extensions["database"],
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
        audit_anchor.anchor_anew()
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


def list_own_anchors() -> list[Anchor]:
    """Return the instance's anchor, if there is one. Raises ClickException where it is damaged."""
    try:
        return audit_anchor.list_anchors()
    except audit_anchor.DamagedAnchor as problem:
        raise click.ClickException(
            "audit.anchor in the instance folder was changed, or encrypted with another data.key."
        ) from problem


def parse_anchor(text: str | None) -> list[Anchor]:
    """Return the anchor that was typed, if one was. Raises BadParameter."""
    if text is None:
        return []
    try:
        return [Anchor.parse(text)]
    except ValueError as problem:
        raise click.BadParameter("it looks like 120.120.ab12…", param_hint="--anchor") from problem
