"""`campaign db`: the database's revisions."""

import click
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import campaign.models  # noqa: F401 — every table must be known
from campaign import migrations
from campaign.commands.instance import ready_app
from campaign.core import jobs
from campaign.core.db import Base, Database, make_engine
from campaign.core.settings import load_settings
from campaign.storage import Storage
from campaign.storage.places import LocalPlace


@click.group()
def db() -> None:
    """Set up, upgrade, downgrade or check the database."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Upgrade the database to REVISION (default: the newest)."""
    settings = load_settings()
    database = Database.of(settings)  # with its keys: some steps seal what lay open
    migrations.upgrade(database.engine, revision)
    click.echo(f"The database is at revision {migrations.current_revision(database.engine)}.")
    store = Storage.of(settings, database.keyring)
    database.close()
    if isinstance(store.place, LocalPlace) and next(store.unsealed(), None):
        click.echo("Older files are not encrypted yet. Run: campaign files encrypt", err=True)


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask. Data in newer tables is deleted.")
def downgrade(revision: str, yes: bool) -> None:
    """Downgrade the database to REVISION. `base` deletes every table."""
    if not yes:
        click.confirm("This deletes data in newer tables. Continue?", abort=True)
    database = Database.of(load_settings())
    migrations.downgrade(database.engine, revision)
    stands = migrations.current_revision(database.engine) or "nothing"
    click.echo(f"The database is at revision {stands}.")
    database.close()


@db.command()
def check() -> None:
    """Check that the database has the newest revision and matches the models."""
    engine = make_engine(load_settings().sqlalchemy_url)
    revision, newest = migrations.current_revision(engine), migrations.newest_revision()
    if revision != newest:
        raise click.ClickException(
            f"The database is at revision {revision or 'none'}. This version needs {newest}. "
            "Run: campaign db upgrade"
        )
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    # The queue's own tables may lie in the same PostgreSQL database.
    ours = [each for each in differences if "huey" not in str(each)]
    if ours:
        raise click.ClickException(f"{len(ours)} differences from the models. The first: {ours[0]}")
    click.echo(f"The database is at revision {newest} and matches the models.")


@db.command()
def recount() -> None:
    """Recount the statistics of every campaign."""
    with ready_app().app_context():
        jobs.run_now("overview.recount")
    click.echo("Recounted the statistics of every campaign.")
