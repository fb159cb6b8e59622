"""What commands share: an application whose database is at the right revision."""

import click
from flask import Flask

from campaign import close_app, create_app, migrations
from campaign.core import db
from campaign.core.sealing import MissingKey
from campaign.core.settings import load_settings
from campaign.storage import scratch


def ready_app(*, create: bool = False, any_revision: bool = False) -> Flask:
    """The application of the instance, with its database ready.

    An empty database is set up where `create` says so; an older one is never moved without being
    asked, and opened only where `any_revision` says so. Raises click.ClickException with the
    command that mends it.
    """
    settings = load_settings()
    click.get_current_context().with_resource(scratch.settled(settings.scratch_folder))
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
    app = create_app(settings)
    click.get_current_context().call_on_close(lambda: close_app(app))
    if revision in {None, migrations.newest_revision()}:
        try:
            app.extensions["database"].read_keys()
        except MissingKey as problem:
            raise click.ClickException(say_missing(problem)) from problem
    return app


def say_missing(problem: MissingKey) -> str:
    return (
        f"The database needs {problem}, which is missing. Put it back: the file data-2.key "
        "and so on, or the setting later_data_keys."
    )
