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
    """Set up the database, move it between revisions, check it."""


@db.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the database up to REVISION (the newest)."""
    settings = load_settings()
    database = Database.of(settings)  # with its keys: some steps seal what lay open
    migrations.upgrade(database.engine, revision)
    click.echo(f"The database stands at {migrations.current_revision(database.engine)}.")
    store = Storage.of(settings, database.keyring)
    database.close()
    if isinstance(store.place, LocalPlace) and next(store.unsealed(), None):
        click.echo("Files from before are not encrypted yet. Run: campaign files encrypt", err=True)


@db.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask: data of newer tables is lost.")
def downgrade(revision: str, yes: bool) -> None:
    """Take the database back to REVISION; `base` removes every table."""
    if not yes:
        click.confirm("Data that only newer tables hold is lost. Go on?", abort=True)
    database = Database.of(load_settings())
    migrations.downgrade(database.engine, revision)
    stands = migrations.current_revision(database.engine) or "nothing"
    click.echo(f"The database stands at {stands}.")
    database.close()


@db.command()
def check() -> None:
    """Exit 0 if the database is at the newest revision and as the models say."""
    engine = make_engine(load_settings().sqlalchemy_url)
    revision, newest = migrations.current_revision(engine), migrations.newest_revision()
    if revision != newest:
        raise click.ClickException(
            f"The database stands at {revision or 'nothing'}, this version needs {newest}. "
            "Run: campaign db upgrade"
        )
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    engine.dispose()
    # The queue's own tables may lie in the same PostgreSQL database.
    ours = [each for each in differences if "huey" not in str(each)]
    if ours:
        raise click.ClickException(f"{len(ours)} things differ from the models: {ours[0]}")
    click.echo(f"The database is at {newest} and as it should be.")


@db.command()
def recount() -> None:
    """Count the desk's figures of every campaign from nothing."""
    with ready_app().app_context():
        jobs.run_now("overview.recount")
    click.echo("The figures of every campaign are counted anew.")
