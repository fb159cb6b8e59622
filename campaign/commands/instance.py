"""The instance: how commands open it, and `campaign db`, `campaign files`, `campaign settings`."""

import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.util import CommandError
from flask import Flask
from pydantic import SecretStr
from sqlalchemy import inspect

import campaign.models  # noqa: F401 — every table must be known
from campaign import close_app, create_app, migrations, storage
from campaign.about.privacy_pack import write_papers
from campaign.core import db, jobs
from campaign.core.errors import NotFound
from campaign.core.settings import Settings, current_settings, load_settings
from campaign.crm.connections import list_connections
from campaign.mail.mailboxes import ASIDE, list_put_aside
from campaign.models.crm import CrmConnection
from campaign.storage import Storage, scratch
from campaign.storage.places import LocalPlace
from campaign.webhooks.endpoints import host_of, list_endpoints

_QUIET_SECONDS = 2
_INTRODUCTION = """# Settings

Every setting has a default. Put another value into `settings.toml` in the instance folder, or into
the environment under the name with `CAMPAIGN_` before it, in capitals; the environment wins. A
setting that is not known, or a mix that is not safe, stops the start with a sentence that says why.

    # instance/settings.toml
    organisation_name = "Letters for Defenders"
    accent = "#1f4e79"

`campaign settings` prints this page.

| setting | default | what it is |
|---|---|---|"""


def ready_app(*, create: bool = False, any_revision: bool = False) -> Flask:
    """The application of the instance, with its database ready.

    An empty database is set up where `create` says so; an older one is never moved without being
    asked, and opened only where `any_revision` says so. Raises click.ClickException with the
    command that mends it.
    """
    settings = load_settings()
    click.get_current_context().with_resource(
        scratch.keep_temporary_files_in(settings.scratch_folder)
    )
    engine = db.make_engine(settings.sqlalchemy_url)
    try:
        revision = migrations.current_revision(engine)
        if revision is None and create:
            migrations.upgrade(engine)
        elif revision is None:
            raise click.ClickException("The database is empty. Run: campaign db upgrade")
        elif revision not in {None, migrations.newest_revision()} and not any_revision:
            raise click.ClickException(
                f"The database is at revision {revision}. This version needs "
                f"{migrations.newest_revision()}. Make a backup, then run: campaign db upgrade"
            )
    finally:
        engine.dispose()
    app = make_app(settings)
    if revision in {None, migrations.newest_revision()}:
        app.extensions["database"].read_keys()
    return app


def make_app(settings: Settings) -> Flask:
    """Return the application for as long as the command runs."""
    app = create_app(settings)
    click.get_current_context().call_on_close(lambda: close_app(app))
    return app


@contextmanager
def slow_bar(total: int, label: str) -> Iterator[Callable[[int], object]]:
    """A progress bar on a terminal, once the work has taken two seconds; give it what is done."""
    started, bars = time.monotonic(), list[Any]()

    def progress(count: int) -> None:
        if not bars and sys.stderr.isatty() and time.monotonic() - started > _QUIET_SECONDS:
            bars.append(click.progressbar(length=total, label=label, file=sys.stderr))
        for bar in bars:
            bar.update(count - bar.pos)

    yield progress
    for bar in bars:
        bar.render_finish()


@contextmanager
def _known_revision(revision: str) -> Iterator[None]:
    """Say so where the database cannot be moved to that revision."""
    try:
        yield
    except CommandError as problem:
        raise click.ClickException(
            f"The database cannot be moved to revision {revision}. The newest revision is "
            f"{migrations.newest_revision()}. To see where it is: campaign db check"
        ) from problem


@click.group("db")
def database_group() -> None:
    """Set up, upgrade, downgrade or check the database."""


@database_group.command()
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Upgrade the database to REVISION (default: the newest)."""
    settings = load_settings()
    database = db.Database.of(settings)  # with its keys: some steps seal what lay open
    with _known_revision(revision):
        migrations.upgrade(database.engine, revision)
    click.echo(f"The database is at revision {migrations.current_revision(database.engine)}.")
    store = Storage.of(settings, database.keyring)
    database.close()
    if isinstance(store.place, LocalPlace) and next(store.unsealed(), None):
        click.echo("Older files are not encrypted yet. Run: campaign files encrypt", err=True)


@database_group.command()
@click.argument("revision")
@click.option("--yes", is_flag=True, help="Do not ask. Data in newer tables is deleted.")
def downgrade(revision: str, yes: bool) -> None:
    """Downgrade the database to REVISION. `base` deletes every table."""
    if not yes:
        click.confirm("This deletes data in newer tables. Continue?", abort=True)
    database = db.Database.of(load_settings())
    with _known_revision(revision):
        migrations.downgrade(database.engine, revision)
    stands = migrations.current_revision(database.engine) or "nothing"
    click.echo(f"The database is at revision {stands}.")
    database.close()


@database_group.command()
def check() -> None:
    """Check that the database has the newest revision and matches the models."""
    engine = db.make_engine(load_settings().sqlalchemy_url)
    revision, newest = migrations.current_revision(engine), migrations.newest_revision()
    if revision != newest:
        raise click.ClickException(
            f"The database is at revision {revision or 'none'}. This version needs {newest}. "
            "Run: campaign db upgrade"
        )
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), db.Base.metadata)
    engine.dispose()
    # The queue's own tables may lie in the same PostgreSQL database.
    ours = [each for each in differences if "huey" not in str(each)]
    if ours:
        raise click.ClickException(f"{len(ours)} differences from the models. The first: {ours[0]}")
    click.echo(f"The database is at revision {newest} and matches the models.")


@database_group.command()
def recount() -> None:
    """Recount the statistics of every campaign."""
    with ready_app().app_context():
        jobs.run_now("overview.recount")
    click.echo("Recounted the statistics of every campaign.")


@click.group("files")
def files_group() -> None:
    """Manage the stored files."""


@files_group.command()
def encrypt() -> None:
    """Encrypt files stored by earlier versions.

    No one can download them until then. A file is replaced only when its encrypted copy is
    complete. You can stop this at any time and run it again while the site runs.
    """
    with ready_app().app_context():
        store = storage.storage()
        plain = list(store.unsealed())
        hidden = not sys.stderr.isatty()
        with click.progressbar(plain, label="Encrypting", file=sys.stderr, hidden=hidden) as bar:
            for name in bar:
                store.seal_plain(name)
    click.echo(f"Encrypted {len(plain)} files." if plain else "Every file is already encrypted.")


@files_group.command()
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


def settings_page() -> str:
    rows = [_INTRODUCTION]
    for name, field in Settings.model_fields.items():
        shown = _show(field.get_default(call_default_factory=True))
        description = " ".join((field.description or "").split()).replace("|", "\\|")
        rows.append(f"| `{name}` | {f'`{shown}`' if shown else ''} | {description} |")
    return "\n".join(rows) + "\n"


def _show(default: object) -> str:
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, list):
        return ", ".join(default)
    return "" if default is None else str(default)


@click.command("settings")
def settings_command() -> None:
    """Print every setting with its default and its meaning."""
    click.echo(settings_page(), nl=False)


def list_programs() -> dict[str, list[str]]:
    """List the programs that are connected; none where there is no database yet."""
    programs: dict[str, list[str]] = {}
    with db.reading() as session:
        if not inspect(db.connection_of(session)).has_table(CrmConnection.__tablename__):
            return {}
        for connection in list_connections(session):
            programs.setdefault("connections", []).append(connection.kind.program)
        for endpoint in list_endpoints(session):
            programs.setdefault("webhooks", []).append(host_of(endpoint) or "[to fill in]")
    return programs


@click.command("privacy-pack")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def privacy_pack(folder: Path) -> None:
    """Write the papers that data protection law asks for into FOLDER.

    The record of processing, terms, providers, impact assessment, breach sheet and notes on
    Canadian law: what the settings know is filled in, the rest is marked.
    """
    with make_app(load_settings()).app_context():
        folder.mkdir(parents=True, exist_ok=True)
        papers = list(write_papers(current_settings(), **list_programs()))
    if there := [paper.name for paper in papers if (folder / paper.name).exists()]:
        raise click.ClickException(
            f"{folder} has {', '.join(there)} already. Choose another folder: what you wrote stays."
        )
    for paper in papers:
        (folder / paper.name).write_text(paper.text, encoding="utf-8")
        click.echo(f"{paper.name}: {paper.blanks} to fill in")
