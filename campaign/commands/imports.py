"""`campaign import missions|officials`: from files, all of it or nothing."""

import json
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from campaign.commands.instance import ready_app
from campaign.core import clock, db
from campaign.core.settings import load_settings
from campaign.core.unreadable_file import UnreadableFile
from campaign.directory.countries import country_code, english_name
from campaign.directory.imports.apply_import import ImportReport, import_missions, import_officials
from campaign.directory.imports.read_list import MAX_BYTES, Shape
from campaign.directory.imports.source import Source, open_source
from campaign.models.directory_import import Directory

_SHOWN_PROBLEMS = 50
_QUIET_SECONDS = 2.0

_FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only show what would change.")
_SKIP_BAD = click.option(
    "--skip-bad", is_flag=True, help="Import the good rows and skip the bad ones."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


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
@_DRY_RUN
@_SKIP_BAD
@_JSON
def missions(
    file: Path, sending_country: str | None, dry_run: bool, skip_bad: bool, as_json: bool
) -> None:
    """Import missions from FILE.

    CSV (columns operator, country, type; also jurisdictions, city, address, phone, email,
    website, QID), or the JSON list of a foreign ministry.
    """
    source = _source(file, Directory.MISSIONS)
    choices = source.guesses(file.name)
    if source.opened.shape is Shape.MINISTRY:
        sending = _country(sending_country) or choices.fixed.get("sending_country")
        if sending is None:
            raise click.UsageError(
                "The list does not say whose missions it has. Add --sending-country COUNTRY."
            )
        _say(f"Missions of {english_name(sending)}.", quiet=as_json)
        choices.fixed["sending_country"] = sending
    source.refuse_incomplete(choices)
    readings = source.readings(choices, today=_today())
    _run(import_missions, readings, "missions", dry_run=dry_run, skip_bad=skip_bad, as_json=as_json)


@import_.command()
@_FILE
@click.option("--country", metavar="COUNTRY", help="Country of the officials.")
@_DRY_RUN
@_SKIP_BAD
@_JSON
def officials(
    file: Path, country: str | None, dry_run: bool, skip_bad: bool, as_json: bool
) -> None:
    """Import officials from FILE.

    Popolo JSON with persons, posts and memberships, vCards, or CSV with columns named for their
    contents (name, office, country, email …).
    """
    source = _source(file, Directory.OFFICIALS)
    choices = source.guesses(file.name)
    code = _country(country) or choices.fixed.get("country")
    if code is None and "country" not in choices.mapping:
        raise click.UsageError(
            "The file does not say which country its officials belong to. Add --country COUNTRY."
        )
    if code:
        _say(f"Officials of {english_name(code)}.", quiet=as_json)
        choices.fixed["country"] = code
    source.refuse_incomplete(choices)
    readings = source.readings(choices, today=_today())
    _run(
        import_officials, readings, "officials", dry_run=dry_run, skip_bad=skip_bad, as_json=as_json
    )


def _run(
    service: Callable[..., ImportReport],
    readings: Iterable[Any],
    what: str,
    *,
    dry_run: bool,
    skip_bad: bool,
    as_json: bool,
) -> None:
    rows = list(readings)
    app = ready_app()
    database, session_of = app.extensions["database"], db.reading if dry_run else db.transaction
    with closing(database), app.app_context(), session_of() as session:
        report = service(
            session,
            readings=rows,
            actor="command",
            dry_run=dry_run,
            skip_bad=skip_bad,
            progress=_Progress(len(rows)),
        )
    if as_json:
        problems = [
            {"row": problem.row, "field": problem.field, "text": str(problem.fault)}
            for problem in report.problems
        ]
        facts = asdict(report) | {"problems": problems, "what": what, "dry_run": dry_run}
        click.echo(json.dumps(facts))
    else:
        _tell(report, what, dry_run)
    if report.problems and not skip_bad:
        sys.exit(1)


def _today() -> date:
    """Return the day where the instance is, as at the desk."""
    return clock.today(load_settings().timezone)


def _tell(report: ImportReport, what: str, dry_run: bool) -> None:
    for problem in report.problems[:_SHOWN_PROBLEMS]:
        click.echo(str(problem), err=True)
    further = len(report.problems) - _SHOWN_PROBLEMS
    if further > 0:
        click.echo(f"and {further} more rows. --json lists them all.", err=True)
    for row, column, text in report.left_out[:_SHOWN_PROBLEMS]:
        click.echo(f"row {row}: {column} “{text}” cannot be read, so it is left out", err=True)
    for office, count in report.crowded:
        click.echo(
            f"{count} people have the office {office}. Check the file for former officials",
            err=True,
        )
    counts = f"{report.added} added, {report.changed} changed, {report.left} unchanged"
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


def _source(file: Path, directory: Directory) -> Source:
    """The file; of one that is far too long only the beginning is read."""
    with file.open("rb") as opened:
        start = opened.read(MAX_BYTES)
    try:
        return open_source(start, directory, guess=False, size=file.stat().st_size)
    except UnreadableFile as problem:
        raise click.ClickException(str(problem)) from problem


def _country(name: str | None) -> str | None:
    if name is None:
        return None
    code = country_code(name)
    if code is None:
        raise click.UsageError(
            f"Unknown country “{name}”. Write its English name or its two-letter code."
        )
    return code


def _say(text: str, *, quiet: bool) -> None:
    if not quiet:
        click.echo(text)


class _Progress:
    """A count on the terminal, once the work has taken longer than two seconds."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._since = total, 0, time.monotonic()
        self._shown = sys.stderr.isatty()

    def __call__(self, rows: int) -> None:
        self._done += rows
        if self._shown and time.monotonic() - self._since > _QUIET_SECONDS:
            part = round(40 * self._done / max(1, self._total))
            bar = "#" * part + "-" * (40 - part)
            click.echo(f"\r[{bar}] {self._done} of {self._total}", err=True, nl=False)
            if self._done >= self._total:
                click.echo("", err=True)
