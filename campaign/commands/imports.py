"""`campaign import missions|officials`: from files, all of it or nothing."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from campaign.commands.instance import ready_app, slow_bar
from campaign.core import clock, db
from campaign.core.errors import UnreadableFile
from campaign.core.settings import load_settings
from campaign.directory.countries import country_code, english_name
from campaign.directory.imports.apply_import import ImportReport, import_entries
from campaign.directory.imports.read_list import MAX_BYTES, Shape
from campaign.directory.imports.row_parts import ImportChoices
from campaign.directory.imports.uploads import ImportSource, open_source
from campaign.models.directory import Directory

_SHOWN_PROBLEMS = 50

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


def _add_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object."),
        click.option(
            "--skip-bad", is_flag=True, help="Import the good rows and skip the bad ones."
        ),
        click.option("--dry-run", is_flag=True, help="Only show what would change."),
    ):
        command = option(command)
    return command


@click.group("import")
def import_() -> None:
    """Import missions and officials from files.

    Importing the same file again changes nothing. An import fills in empty fields and never
    overwrites what staff have checked. If a row is bad, nothing is imported, unless --skip-bad.
    """


@import_.command()
@_FILE
@click.option(
    "--sending-country", metavar="COUNTRY", help="Country whose missions are in the JSON list."
)
@_add_options
def missions(file: Path, sending_country: str | None, **flags: bool) -> None:
    """Import missions from FILE.

    CSV (columns operator, country, type; also jurisdictions, city, address, phone, email,
    website, QID), or the JSON list of a foreign ministry.
    """
    source = _open_file(file, Directory.MISSIONS)
    choices = source.guesses(file.name)
    if source.opened.shape is Shape.MINISTRY:
        missing = "The list does not say whose missions it has. Add --sending-country COUNTRY."
        _choose_country(choices, "sending_country", sending_country, missing)
        _say_country("Missions", choices.fixed["sending_country"], flags)
    _run(source, choices, **flags)


@import_.command()
@_FILE
@click.option("--country", metavar="COUNTRY", help="Country of the officials.")
@_add_options
def officials(file: Path, country: str | None, **flags: bool) -> None:
    """Import officials from FILE.

    Popolo JSON with persons, posts and memberships, vCards, or CSV with columns named for their
    contents (name, office, country, email …).
    """
    source = _open_file(file, Directory.OFFICIALS)
    choices = source.guesses(file.name)
    if country or "country" not in choices.mapping:
        missing = (
            "The file does not say which country its officials belong to. Add --country COUNTRY."
        )
        _choose_country(choices, "country", country, missing)
        _say_country("Officials", choices.fixed["country"], flags)
    _run(source, choices, **flags)


def _run(
    source: ImportSource, choices: ImportChoices, *, dry_run: bool, skip_bad: bool, as_json: bool
) -> None:
    source.refuse_incomplete(choices)
    settings = load_settings()
    # The day where the instance is, and the languages of its pages, as at the desk.
    today, languages = clock.today(settings.timezone), tuple(settings.locales)
    readings = list(source.readings(choices, today=today, languages=languages))
    session_of = db.reading if dry_run else db.transaction
    with (
        ready_app().app_context(),
        slow_bar(len(readings), "Rows") as progress,
        session_of() as session,
    ):
        report = import_entries(
            session,
            source.directory,
            readings,
            actor="command",
            dry_run=dry_run,
            skip_bad=skip_bad,
            progress=progress,
        )
    what = source.directory.value
    unread = source.list_unread(choices)
    if as_json:
        problems = [
            {"row": problem.row, "field": problem.field, "text": str(problem.fault)}
            for problem in report.problems
        ]
        facts = asdict(report) | {"problems": problems, "what": what, "dry_run": dry_run}
        click.echo(json.dumps(facts | {"columns_not_read": unread}))
    else:
        for column in unread:
            click.echo(f"the column “{column}” was not read", err=True)
        _tell(report, what, dry_run)
    if report.problems and not skip_bad:
        sys.exit(1)


def _tell(report: ImportReport, what: str, dry_run: bool) -> None:
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        click.echo(str(problem), err=True)
    further = len(report.problems) - _SHOWN_PROBLEMS
    if further > 0:
        click.echo(f"and {further} more rows. --json lists them all.", err=True)
    for row, column, text in report.left_out[:_SHOWN_PROBLEMS]:
        click.echo(f"row {row}: {column} “{text}” cannot be read, so it is left out", err=True)
    if report.differ:
        rows = "1 row" if report.differ == 1 else f"{report.differ} rows"
        click.echo(f"in {rows} the file differs from the directory, which stays as it is", err=True)
    if report.letters:
        verb = "would change" if dry_run else "changes"
        click.echo(f"this {verb} how signed letters address officials: {report.letters}", err=True)
    for office, count in report.crowded:
        click.echo(
            f"{count} people have the office {office}. Check the file for former officials",
            err=True,
        )
    unchanged = report.left - report.not_added
    counts = f"{report.added} added, {report.changed} changed, {unchanged} unchanged"
    if report.not_added:
        counts += f", {report.not_added} not added"
    if dry_run:
        click.echo(f"Dry run: nothing was written. {what.capitalize()}: {counts}.")
    elif report.applied:
        bad = f", {len(report.problems)} bad rows skipped" if report.problems else ""
        click.echo(f"{what.capitalize()}: {counts}{bad}.")
    else:
        click.echo(
            f"Nothing was imported: {len(report.problems)} bad rows. Fix them, or add --skip-bad.",
            err=True,
        )


def _open_file(file: Path, directory: Directory) -> ImportSource:
    """Open the file; of one that is far too long only the beginning is read."""
    with file.open("rb") as opened:
        start = opened.read(MAX_BYTES)
    try:
        return open_source(start, directory, guess=False, size=file.stat().st_size)
    except UnreadableFile as problem:
        raise click.ClickException(str(problem)) from problem


def _choose_country(choices: ImportChoices, name: str, typed: str | None, missing: str) -> None:
    """Have one country hold for all rows: what was typed, else what the file seems to be of."""
    code = country_code(typed) if typed is not None else choices.fixed.get(name)
    if typed is not None and code is None:
        raise click.UsageError(
            f"Unknown country “{typed}”. Write its English name or its two-letter code."
        )
    if code is None:
        raise click.UsageError(missing)
    choices.fixed[name] = code


def _say_country(what: str, code: str, flags: dict[str, bool]) -> None:
    if not flags["as_json"]:
        click.echo(f"{what} of {english_name(code)}.")
