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
    help="File of the secret key (age or SSH) that opens an encrypted backup.",
)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write every row and every file of the instance to FILE (a ZIP).

    Encrypted to the keys in the setting backup_recipients, if there are any. The instance's own
    keys are not in it: keep secret.key and data.key apart from it, and safe.
    """
    if file.exists():
        raise click.ClickException(f"{file} is there already. Give another name, or remove it.")
    app = ready_app()
    recipients = app.extensions["settings"].backup_recipients
    with app.app_context():
        rows, anchor = backup_archive.back_up(
            app.extensions["database"], storage.storage(), file, recipients
        )
    encrypted = f", encrypted to {len(recipients)} keys" if recipients else ""
    click.echo(
        f"{rows} rows are in {file}{encrypted}. Keep data.key apart: without it they stay sealed.\n"
        f"Keep this apart too, to know it again by: --anchor {anchor}"
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@IDENTITY
@click.option("--anchor", "text", help="What `campaign backup` or `campaign audit verify` printed.")
@click.option("--older", is_flag=True, help="Take a backup whose audit ends before the anchor.")
@click.option(
    "--unknown-anchor",
    is_flag=True,
    help="Take a backup for whose audit no anchor vouches: none is here, or another.",
)
@click.option(
    "--unsigned",
    is_flag=True,
    help="Take a manifest without an HMAC: of a backup that an earlier version made.",
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
    """Read FILE into an empty instance; the keys must be those of the instance it came from.

    Its audit must reach the anchor in the instance folder, and the one that you kept (--anchor).
    What is taken in spite of it is said in the audit.
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
        click.echo("Warning: nothing showed who made this backup, nor that it is whole.", err=True)
    if restored.anchor == "older":
        click.echo("Warning: this backup is older. What came after it is not here.", err=True)
    if restored.anchor == "unknown":
        click.echo("Warning: nothing showed that its audit is the one you had.", err=True)
    click.echo(f"{restored.rows} rows are back.")
    if restored.revision != migrations.newest_revision():
        click.echo("They are of an earlier version. Run: campaign db upgrade")


def list_own_anchors() -> list[Anchor]:
    """Return the instance's anchor, if there is one. Raises ClickException where it is damaged."""
    try:
        return audit_anchor.list_anchors()
    except audit_anchor.DamagedAnchor as problem:
        raise click.ClickException(
            "audit.anchor in the instance folder was changed, or sealed with another data.key."
        ) from problem


def parse_anchor(text: str | None) -> list[Anchor]:
    """Return the anchor that was typed, if one was. Raises BadParameter."""
    if text is None:
        return []
    try:
        return [Anchor.parse(text)]
    except ValueError as problem:
        raise click.BadParameter(
            "it has the form 120.120.ab12…", param_hint="--anchor"
        ) from problem
