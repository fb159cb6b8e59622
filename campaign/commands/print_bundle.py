"""`campaign bundle` and `campaign verify`: a parcel of letters or cards from the command line."""

import json
import os
import sys
import time
from pathlib import Path

import click
from sqlalchemy.orm import Session

from campaign import storage
from campaign.bundles import bundle_status
from campaign.bundles.changes import prints, release_letters, remake_bundle
from campaign.bundles.destinations import slug_of
from campaign.bundles.documents.bundle_zip import digest_of, write_zip
from campaign.bundles.documents.cover_texts import language_of
from campaign.bundles.documents.verify import verify_copy
from campaign.bundles.downloads import open_download
from campaign.bundles.find_bundles import UNFINISHED, find_bundle, get_pair
from campaign.bundles.freeze import freeze_bundle
from campaign.bundles.freeze.signed_sheets import count_carried, waiting_on_paper
from campaign.bundles.nouns import Noun, noun_of
from campaign.bundles.volumes.print_jobs import print_here
from campaign.commands.children import give_way
from campaign.commands.instance import ready_app
from campaign.core import db
from campaign.core.db import Json
from campaign.core.errors import NotFound, Refused
from campaign.core.isolation.worker import WorkProcessStopped
from campaign.core.settings import current_settings
from campaign.core.text.desk_texts import group_code
from campaign.models.bundle import Bundle, BundleState

_ACTOR = "command"
_NOUNS = {
    Noun.LETTER: ("letter", "letters"),
    Noun.CARD: ("card", "cards"),
    Noun.PERSON: ("paper", "papers"),
}
"""What a bundle holds: one of them, and several."""
_SENTENCES = {
    "nothing-to-print": "There is nothing new to print for {campaign} and {mission}.",
    "stopped": "The campaign {campaign} is stopped. Nothing may be printed or delivered.",
    "not-open": "The campaign {campaign} is a draft. No one has signed yet.",
    "not-ready": "The bundle is not ready yet.",
    "campaign": "There is no campaign {campaign}.",
    "mission": "There is no mission {mission}.",
    "post-several": "Several officials get post. Choose one of {destinations}.",
    "bundle": "There is no bundle with this number for {campaign} and {mission}.",
    "address-does-not-fit": "An address is too long for the envelope. Shorten it in the directory.",
    "address-missing": "The official's address is incomplete. Add its street and town.",
    "handed-over": "A bundle failed after part of it was delivered. Check it in the workspace.",
    "cancelled": "This bundle was cancelled. Its letters are ready for another bundle.",
    "taken-back": "Some letters were withdrawn after the delivery. Nothing was written.",
    "lists-changed": "The paper signatures have changed. Remake the lists in the workspace first.",
    "names-others": "The lists of this bundle name people who are no longer in it. "
    "Nothing was written.",
    "forgotten": "The details of some people in it were deleted on schedule, and its files still "
    "name them. Nothing was written. Use the workspace to print the letters that are still here.",
    "file-missing": "The storage lacks files of this bundle: {files}. A backup may have them. "
    "Nothing was written.",
    "emptied": "Its files were deleted: everyone in it withdrew, or their details were deleted on "
    "schedule.",
    "letters-taken": "Another bundle took these letters at the same time. Run this again.",
    "letters-unchecked": "We are checking letters against new risk flags. "
    "Run this again in a minute.",
    "papers-refused": "The cover letter or a list could not be printed. No ZIP was made.",
    "nothing-printed": "No letter could be printed. The workspace shows why.",
    "totals-differ": "The totals of the bundle do not agree. No ZIP was made.",
    "out-of-memory": "The lists needed too much memory. No ZIP was made.",
    "took-too-long": "The lists took too long. No ZIP was made.",
    "no-room": "The disk is full. Free some space, then run this again. Printed volumes are kept.",
    "machine-failed": "The printing process ended. Run this again. Printed volumes are kept.",
    "tries-used-up": "The lists failed several times. The log of the worker shows why.",
}


@click.command()
@click.argument("campaign")
@click.option(
    "--mission",
    required=True,
    help="Slug of the mission, for example mexico-ottawa. Use post for letters sent "
    "by post, or post:OFFICIAL if several officials get post.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the ZIP. It is created if it is missing.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=min(2, os.cpu_count() or 1),
    show_default=True,
    help="Number of volumes printed at the same time, each on its own core.",
)
@click.option(
    "--locale", default="", help="Language of the cover letter and the lists [the mission's]."
)
@click.option(
    "--sheets", is_flag=True, help="Include the signed sheets that are ready, even without letters."
)
@click.option(
    "--number", type=click.IntRange(1), help="Write the ZIP of this earlier bundle again."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def bundle(
    out: Path,
    processes: int,
    locale: str,
    sheets: bool,
    number: int | None,
    as_json: bool,
    **names: str,
) -> None:
    """Print the letters or cards that are ready.

    The ZIP contains all confirmed letters or cards of CAMPAIGN for one mission or for the post.
    An unfinished bundle is finished first. A running worker helps.
    """
    started = time.monotonic()
    give_way()
    with ready_app().app_context():
        locales = current_settings().locales
        if locale and locale not in locales:
            raise click.BadParameter(
                f"this site knows {', '.join(locales)}.", param_hint="--locale"
            )
        try:
            bundle_id = _find_earlier(names, number) or _freeze(names, locale, sheets=sheets)
            _print(bundle_id, processes)
            noun, facts = _write(bundle_id, out)
        except (NotFound, Refused) as problem:
            sentence = _SENTENCES.get(problem.slug, problem.slug)
            raise _Failed(sentence.format(**{**problem.data, **names})) from problem
        except WorkProcessStopped as problem:
            raise _Failed(_SENTENCES.get(problem.slug, problem.slug)) from problem
        except OSError as problem:
            raise _Failed(f"Cannot write the ZIP: {problem.strerror}.") from problem
    facts = {**facts, "seconds": round(time.monotonic() - started, 2)}
    click.echo(json.dumps(facts) if as_json else _sentence(noun, facts))


def _find_earlier(names: dict[str, str], number: int | None) -> int | None:
    """Return the id of the bundle with that number, or of one that is not finished."""
    with db.transaction() as session:
        campaign, mission = get_pair(session, **names)
        earlier = find_bundle(session, campaign=campaign, mission=mission, sequence=number)
        if earlier is None:
            if number is not None:
                raise NotFound("bundle")
            return None
        if earlier.state is BundleState.CANCELLED:
            raise Refused("cancelled")
        if earlier.state is BundleState.READY and not bundle_status.is_settled(session, earlier):
            remake_bundle.remake(session, earlier, actor=_ACTOR)
        if earlier.state in UNFINISHED:
            click.echo(
                f"Bundle {earlier.number} is not finished. Finishing it first. "
                "Run this again for letters confirmed since then.",
                err=True,
            )
        return earlier.id


def _freeze(names: dict[str, str], locale: str, *, sheets: bool) -> int:
    """Return the id of a new bundle. Letters of one that failed are released for it first.

    They are so also where nothing is frozen after it.
    """
    with db.transaction() as session:
        campaign, mission = get_pair(session, **names)
        is_failed = (BundleState.FAILED,)
        failed = find_bundle(session, campaign=campaign, mission=mission, states=is_failed)
        if failed is not None:
            release_letters.release(session, failed, storage.storage(), actor=_ACTOR)
    if failed is not None:
        click.echo("An earlier bundle failed. Its letters are ready again.", err=True)
    settings = current_settings()
    with db.transaction() as session:
        campaign, mission = get_pair(session, **names)
        return freeze_bundle.freeze(
            session,
            campaign=campaign,
            mission=mission,
            settings=settings,
            locale=locale or language_of(mission, settings.locales),
            actor=_ACTOR,
            on_paper=waiting_on_paper(session, campaign) if sheets else 0,
        ).id


def _print(bundle_id: int, processes: int) -> None:
    with db.reading() as session:
        bundle = session.get_one(Bundle, bundle_id)
        total, label = bundle.letter_count, f"Printing {_NOUNS[noun_of(bundle)][1]}"
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=total, label=label, file=sys.stderr, hidden=hidden) as bar:
        state = print_here(
            bundle_id, at_once=processes, progress=lambda done: bar.update(done - bar.pos)
        )
    if state is BundleState.FAILED:
        with db.reading() as session:
            raise Refused(session.get_one(Bundle, bundle_id).failure or "not-ready")


def _write(bundle_id: int, out: Path) -> tuple[Noun, Json]:
    """Write the ZIP into `out`; return what it holds, and the facts of it."""
    out.mkdir(parents=True, exist_ok=True)
    with db.transaction() as session:
        bundle = session.get_one(Bundle, bundle_id)
        noun, facts = noun_of(bundle), _facts(session, bundle)
        download = open_download(session, bundle, storage.storage(), by=None, actor=_ACTOR)
    path = out / download.name
    for _ in write_zip(download.chunks, path):
        pass
    with path.open("rb") as file:
        digest = digest_of(iter(lambda: file.read(1 << 20), b""))
    return noun, {**facts, "zip": str(path), "sha256": digest}


def _facts(session: Session, bundle: Bundle) -> Json:
    # Of what the ZIP holds: letters may have left the bundle since, for another one.
    printed = prints.count_printed(session, bundle)
    return {
        "bundle": bundle.public_id,
        "campaign": bundle.campaign.slug,
        "mission": slug_of(bundle.destination),
        "sequence": bundle.sequence,
        "kind": bundle.kind.value,
        "letters": printed,
        "set_aside": bundle.letter_count - printed,
        "on_paper": count_carried(session, bundle.id),
        "volumes": len(bundle.volumes),
        "pages": bundle.page_count,
        "check_code": prints.find_check_code(session, bundle),
    }


def _sentence(noun: Noun, facts: Json) -> str:
    aside = (
        f" Not in it, because not printable or withdrawn: {facts['set_aside']}. "
        "The workspace shows which."
        if facts["set_aside"]
        else ""
    )
    if not facts["volumes"]:
        return f"Papers for sheets signed by {facts['on_paper']} people: {facts['zip']}."
    return (
        f"{_amount(facts['letters'], facts['pages'], noun)}, in {_volumes(facts['volumes'])}: "
        f"{facts['zip']}.{aside}"
    )


@click.command()
@click.argument("copy", metavar="FILE", type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(copy: Path, as_json: bool) -> None:
    """Check a bundle against its manifest.

    FILE is the ZIP, a new ZIP of the same files, or the unpacked folder. The exit code is 0 only
    if every file is intact. Each damaged file is printed on its own line. No database is needed.
    """
    result = verify_copy(copy)
    for finding in result.findings:
        click.echo(str(finding), err=True)
    if not result.ok:
        click.echo("Download the bundle again, and check that copy.", err=True)
    if as_json:
        facts = {
            "ok": result.ok,
            "folder": result.folder,
            "files": result.files,
            "letters": result.letters,
            "set_aside": result.set_aside,
            "volumes": result.volumes,
            "pages": result.pages,
            "check_code": result.check_code,
            "problems": [
                {"file": finding.file, "problem": finding.sentence} for finding in result.findings
            ],
        }
        click.echo(json.dumps(facts))
    elif result.ok:
        click.echo(
            f"Every file is intact: {_amount(result.letters, result.pages)}, "
            f"in {_volumes(result.volumes)}, {result.files} files."
        )
        if result.check_code:
            click.echo(f"Check code of these letters: {group_code(result.check_code)}")
        if result.zipped_again:
            click.echo("This ZIP is not the original, but its files are the same.")
        if result.renamed_from:
            click.echo(
                f"The folder is no longer named {result.renamed_from}. Its files are intact."
            )
    sys.exit(0 if result.ok else 1)


class _Failed(click.ClickException):
    """One line on stderr and exit code 1."""

    def show(self, _file: object = None) -> None:
        click.echo(self.message, err=True)


def _amount(count: int, pages: int, noun: Noun = Noun.LETTER) -> str:
    amount = f"{count} {_NOUNS[noun][count != 1]}"
    return f"{amount} on 1 page" if pages == 1 else f"{amount} on {pages} pages"


def _volumes(number: int) -> str:
    return "1 volume" if number == 1 else f"{number} volumes"
