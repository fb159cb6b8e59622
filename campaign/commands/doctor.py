"""`campaign doctor`: what is wrong with an instance, and how to mend it."""

import shutil
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import click
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from campaign import migrations, storage
from campaign.about.page_texts import list_empty_languages, list_empty_settings
from campaign.commands.instance import make_app
from campaign.commands.keys import RESTART
from campaign.core import audit, db, i18n, jobs
from campaign.core.audit import DamagedAnchor
from campaign.core.db import turn_keys
from campaign.core.db.missing_key import was_key_missing
from campaign.core.errors import ReadingFailed
from campaign.core.isolation.confine import list_open_ways
from campaign.core.isolation.run_apart import run_apart
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.core.settings import Settings, current_settings, load_settings
from campaign.crm.connections import list_connections, read_address
from campaign.mail.imap import open_folder
from campaign.mail.mailboxes import is_maildir, list_put_aside
from campaign.mail.transports import Smtp
from campaign.operations.health import ENOUGH_BYTES, is_nearly_full
from campaign.operations.outside_checks import Note, Skipped
from campaign.printing import fonts, problems
from campaign.privacy import overdue
from campaign.staff.required_factors import count_admins_without
from campaign.storage import scratch
from campaign.storage.places import LocalPlace
from campaign.web.security import read_usual_count
from campaign.webhooks.endpoints import host_of, list_endpoints

_FONT_WORDS = {
    problems.FONT_FILE_MISSING: "The file letters/fonts/{file} is missing. Install the application "
    "again.",
    problems.FONTCONFIG_MISSING: "fontconfig does not answer. Install it: apt install fontconfig",
    problems.SCRIPT_MISSING: "No font for {script} ({example}). Install the Noto fonts: "
    "apt install fonts-noto-core fonts-noto-cjk",
}
_DAILY = timedelta(days=2)
"""What a daily job has left lying for so long, it has missed."""
_FILES_TRIED = 500
"""Files in S3 of which the head is fetched: a request each."""

Check = Callable[[], Iterator[str]]
"""Yields what is to be fixed, and notes."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    name: str
    to_fix: list[str]
    notes: list[Note]

    @property
    def word(self) -> str:
        if self.to_fix:
            return "to fix"
        return "skipped" if any(isinstance(note, Skipped) for note in self.notes) else "ok"


@click.command()
def doctor() -> None:
    """Check the instance and say how to fix it."""
    with open_app().app_context():
        report(run_checks(CHECKS))


def open_app() -> Flask:
    """Return the application, whatever is wrong but its keys."""
    app = make_app(load_settings())
    with app.app_context():
        db.database().read_keys()
    return app


def run_checks(checks: dict[str, Check]) -> Iterator[CheckResult]:
    for name, check in checks.items():
        sentences: list[str] = []
        with suppress(SQLAlchemyError):  # the database's own check says why
            sentences.extend(check())
        notes = [sentence for sentence in sentences if isinstance(sentence, Note)]
        yield CheckResult(name, [each for each in sentences if each not in notes], notes)


def report(results: Iterator[CheckResult]) -> None:
    """Print each result as it comes; raises ClickException where something is to be fixed."""
    wrong = 0
    for result in results:
        wrong += len(result.to_fix)
        click.echo(", ".join((f"{result.name:<10} {result.word}", *result.notes)))
        for sentence in result.to_fix:
            click.echo(f"           {sentence}")
    if wrong:
        raise click.ClickException(f"{wrong} things to fix." if wrong > 1 else "One thing to fix.")


def _settings() -> Iterator[str]:
    settings = current_settings()
    yield from map(Note, _list_second_factor_notes(settings))
    free = shutil.disk_usage(settings.folder).free
    if free < ENOUGH_BYTES:
        yield f"Only {free // 1024**2} MB free in {settings.folder}: printing may fail. Free space."
    if bare := [code for code in settings.locales if not i18n.has_pages(code)]:
        yield (
            f"locales has {', '.join(bare)} without translated pages: readers see English. "
            "Remove it, or translate the pages first."
        )
    proxies = read_usual_count(settings.folder)
    if proxies is not None and proxies != settings.trusted_proxies:
        yield (
            f"Requests have {proxies} addresses in X-Forwarded-For, but trusted_proxies is "
            f"{settings.trusted_proxies}: limits count the wrong addresses. Set it to {proxies} if "
            "you run that many proxies."
        )
    logo = settings.organisation_logo
    if logo and not (settings.folder / logo).is_file():
        yield f"organisation_logo: {logo} is not in {settings.folder}. Put it there."


def _list_second_factor_notes(settings: Settings) -> Iterator[str]:
    if settings.mode == "production" and not settings.second_factor_roles_suffice:
        yield "staff and admins sign in with only a password (second_factor_waived)"
    kind = settings.admin_second_factor
    if kind != "any":
        with suppress(SQLAlchemyError), db.reading() as session:
            without, admins = count_admins_without(session)
            thing = kind.replace("_", " ")
            yield f"admins need a {thing} (admin_second_factor): {without} of {admins} lack it"


def _about_us() -> Iterator[str]:
    """Yield what the public pages about us still lack in production."""
    settings = current_settings()
    if names := list_empty_settings(settings):
        named = ", ".join(names)
        yield f"Privacy notice: {named}: empty or still the example. Set them (docs/settings.md)."
    with db.reading() as session:
        locales = list(list_empty_languages(session, settings))
    if locales:
        yield f"About us has no text of yours in {', '.join(locales)}: an admin writes it."


def _database() -> Iterator[str]:
    engine = db.database().engine
    try:
        revision = migrations.current_revision(engine)
    except Exception as problem:
        yield f"It does not answer ({type(problem).__name__}). Check the setting database_url."
        return
    if revision != migrations.newest_revision():
        yield f"It is at revision {revision or 'none'}. Run: campaign db upgrade"
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            version = int(connection.scalar(text("SHOW server_version_num")) or 0)
            if version < 150000:
                yield f"PostgreSQL {version // 10000} is too old. Install 15 or newer."


def _keys() -> Iterator[str]:
    keyring = db.database().keyring
    sealing = keyring.state.sealing
    yield Note(f"key {sealing} of {keyring.newest} encrypts ({keyring.name_key(sealing)})")
    with db.reading() as session:
        has_earlier = turn_keys.has_earlier(session)
    if keyring.state.sealing < keyring.newest:
        yield f"Key {keyring.newest} is not used yet. Run: campaign keys rotate"
    elif has_earlier or keyring.state.look_ups < keyring.newest:
        yield (
            "Some values are not bound to their row yet, or use an earlier key. Run: "
            "campaign keys rotate"
        )
    if was_key_missing(current_settings().folder):
        yield RESTART


def _files() -> Iterator[str]:
    store = storage.storage()
    try:
        store.probe()
    except storage.FilesAway as problem:
        why = problem.data["problem"]
        yield f"The file storage gives a wrong answer ({why}). Check the settings files and s3_*."
        return
    except (OSError, storage.FileDamaged) as problem:
        yield f"A file could not be stored ({type(problem).__name__}). Check the setting files."
        return
    if isinstance(store.place, LocalPlace):
        disk = shutil.disk_usage(store.place.folder)
        if is_nearly_full(disk.free, disk.total):
            yield (
                f"The disk of {store.place.folder} is nearly full: {disk.free // 1024**2} MB free "
                f"({disk.free * 100 // disk.total} %). Free some space: printing needs it."
            )
    most = None if isinstance(store.place, LocalPlace) else _FILES_TRIED
    if plain := sum(1 for _ in store.unsealed(most=most)):
        yield f"{plain} files are not encrypted and not available. Run: campaign files encrypt"


def _scratch() -> Iterator[str]:
    folder = current_settings().scratch_folder
    where = "in memory" if scratch.is_in_memory(folder) else "on a disk: encrypt that disk"
    yield Note(f"{folder} is {where}")
    if folder.is_dir() and folder.stat().st_mode & 0o077:
        yield f"Other users can read {folder}. Run: chmod 700 {folder}"


def _audit() -> Iterator[str]:
    try:
        with db.reading() as session:
            first = next(audit.check(session, anchors=audit.list_anchors()), None)
    except DamagedAnchor:
        yield (
            "audit.anchor was changed, or encrypted with a key that is not here. Check "
            "the chain with an anchor you noted (campaign audit verify --anchor), then "
            "delete the file."
        )
        return
    if first is not None:
        yield f"The chain is broken at entry {first.entry}. Run: campaign audit verify"


def _fonts() -> Iterator[str]:
    for problem in fonts.check():
        yield _FONT_WORDS[problem.slug].format(**problem.detail)


def _queue() -> Iterator[str]:
    try:
        waiting = jobs.queue().waiting()
    except Exception as problem:
        yield f"It does not answer ({type(problem).__name__}). Check the setting jobs_url."
        return
    if waiting > 1000:
        yield f"{waiting} jobs wait. Is a worker running? Start one: campaign worker"


def _readers() -> Iterator[str]:
    try:
        ways = run_apart(list_open_ways, b"/etc/passwd")
    except (ReadingFailed, WorkProcessStopped) as problem:
        yield f"Strangers' files cannot be read ({problem}). Install the application again."
        return
    if not ways:
        yield Note("strangers' files are read without files, network or other processes")
    else:
        open_ways = ", ".join(ways)
        yield Note(f"the process that reads strangers' files still {open_ways} (deploy.md)")


def _mail() -> Iterator[str]:
    settings = current_settings()
    try:
        if aside := list_put_aside():
            yield f"{len(aside)} emails could not be read. To see them: campaign files aside"
    except storage.FilesAway:
        pass  # the check of the files has said why
    for name in ("bounce_maildir", "reply_maildir"):
        maildir: str = getattr(settings, name)
        if maildir and not is_maildir(settings.folder / maildir):
            yield f"{name} is not a Maildir. Choose a folder that contains cur, new and tmp."
    for name, (address, password) in settings.imap_mailboxes.items():
        try:
            with open_folder(address, password) if address else nullcontext():
                pass
        except OSError as problem:
            yield f"The mailbox {name} cannot be opened ({type(problem).__name__}). Check it."
    if (settings.reply_maildir or settings.reply_imap) and not settings.reply_address:
        yield "Replies are read, but reply_address is not set. Replies need it: set it too."
    if settings.mail_transport == "files":
        return
    try:
        with Smtp(settings).connect() as server:
            server.noop()
    except (OSError, smtplib.SMTPException) as problem:
        yield f"{settings.smtp_host}:{settings.smtp_port} {_describe_smtp_fault(problem)}"


def _describe_smtp_fault(problem: Exception) -> str:
    name = type(problem).__name__
    match problem:
        case smtplib.SMTPAuthenticationError():
            return "refuses the password. Check smtp_user and smtp_password."
        case smtplib.SMTPNotSupportedError():  # its text is that of Python: STARTTLS, or AUTH
            return f"cannot do what smtp_security or smtp_user needs: {problem}"
        case smtplib.SMTPException():
            return f"gives a wrong answer ({name}). Check the settings smtp_*."
        case ssl.SSLError():
            return f"does not encrypt as smtp_security says ({name}), or its certificate is bad."
        case _:
            return f"cannot be reached ({name}). Check smtp_host and smtp_port."


def _programs() -> Iterator[str]:
    with db.reading() as session:
        for connection in list_connections(session):
            name = f"The connection to {connection.kind.program}"
            yield from _describe_failure(name, read_address(connection), connection.failing_since)
        for endpoint in list_endpoints(session):
            host = host_of(endpoint)
            name = f"Webhook {endpoint.id}" + (f" to {host}" if host else "")
            yield from _describe_failure(name, host, endpoint.failing_since)


def _describe_failure(name: str, address: str, since: datetime | None) -> Iterator[str]:
    if not address:
        yield f"{name} cannot be decrypted. An admin removes it, and adds it again."
    elif since:
        yield f"{name} has failed since {since:%Y-%m-%d %H:%M} UTC. Its page says why."


def _erasing() -> Iterator[str]:
    settings = current_settings()
    if not settings.retention_months:
        return
    yesterday = db.utcnow() - _DAILY
    with db.reading() as session:
        due = overdue.list_due(session, months=settings.retention_months, now=yesterday)
        late = overdue.count_due(session, due)
    if late:
        yield (
            f"Contact details of {late} signatures are kept longer than retention_months "
            f"({settings.retention_months}). Is a worker running? Start one: campaign worker"
        )


CHECKS: dict[str, Check] = {
    "settings": _settings,
    "about us": _about_us,
    "database": _database,
    "keys": _keys,
    "audit": _audit,
    "files": _files,
    "scratch": _scratch,
    "readers": _readers,
    "fonts": _fonts,
    "queue": _queue,
    "mail": _mail,
    "programs": _programs,
    "erasing": _erasing,
}
