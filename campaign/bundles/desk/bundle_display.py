"""A bundle as the desk shows it."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask import Response
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.bundles import bundle_status, file_names
from campaign.bundles.changes import prints, reprint_volumes, withdrawals
from campaign.bundles.changes.withdrawals import TakenBack
from campaign.bundles.documents.list_and_labels import describe_file
from campaign.bundles.find_bundles import Download
from campaign.bundles.freeze.choices import Split
from campaign.bundles.nouns import Noun, noun_of, say_noun
from campaign.campaigns.stop_rule import is_stopped
from campaign.models.bundle import Bundle, BundleReprint, BundleState, Volume
from campaign.models.signature import Letter
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class SetAsideLetter:
    """A letter that was set aside: its number, the slug of the reason, what its wording needs."""

    number: str
    slug: str
    detail: dict[str, str]


@dataclass(frozen=True, slots=True)
class BundleFile:
    """A file of the ZIP."""

    name: str
    description: str
    pages: int | None = None
    letters: int | None = None
    bytes: int = 0
    sha256: str = ""
    """Empty of a bundle from before hashes of its files were recorded."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What can be done with a bundle, and what was done."""

    taken_back: Sequence[TakenBack]
    reprints: Sequence[BundleReprint]
    settled: bool
    """Whether nothing of it changes any more."""
    can_reprint: bool
    can_cancel: bool
    can_remake: bool


def describe_set_aside(letters: Iterable[Letter]) -> list[SetAsideLetter]:
    return [
        SetAsideLetter(
            number_of(letter.sequence or 0),
            letter.set_aside or "",
            json.loads(letter.set_aside_detail or "{}"),
        )
        for letter in letters
    ]


def find_changes(session: Session, bundle: Bundle) -> Changes:
    stopped = is_stopped(bundle.campaign.status)
    ready = bundle.state is BundleState.READY
    has_files = ready and bundle.emptied_at is None
    settled = bundle_status.is_settled(session, bundle)
    return Changes(
        taken_back=withdrawals.list_taken_back(session, bundle) if has_files else [],
        reprints=reprint_volumes.list_reprints(session, bundle),
        settled=settled,
        can_reprint=ready and not stopped and bool(reprint_volumes.list_choices(session, bundle)),
        can_cancel=not settled and bundle.state not in {BundleState.CANCELLED, BundleState.FAILED},
        can_remake=ready and not settled and not stopped,
    )


def list_files(session: Session, bundle: Bundle) -> list[BundleFile]:
    """List the files of the ZIP, in its order."""
    volumes = {file_names.volume_file(volume.sequence): volume for volume in bundle.volumes}
    recorded, by_post = prints.find_print(session, bundle), bundle.official_id is not None
    if recorded is None:
        names = [
            *file_names.BEFORE[:2],
            *volumes,
            *(name for name in file_names.AFTER if name in file_names.ALWAYS),
        ]
        return [
            BundleFile(
                name,
                describe_file(name, by_post=by_post, noun=noun_of(bundle)),
                letters=volumes[name].printed_letters if name in volumes else None,
            )
            for name in names
        ]
    return [
        BundleFile(
            file["name"],
            _describe_volume(bundle, volumes[file["name"]])
            if file["name"] in volumes
            else describe_file(file["name"], by_post=by_post),
            file["pages"],
            volumes[file["name"]].printed_letters if file["name"] in volumes else None,
            file["bytes"],
            file["sha256"],
        )
        for file in recorded.files
    ]


def _describe_volume(bundle: Bundle, volume: Volume) -> str:
    """What a volume holds, with the region where volumes are made by region."""
    noun = noun_of(bundle)
    if bundle.frozen.get("volumes") != Split.REGION:
        return say_noun(noun)
    if volume.region:
        words = _("Cards from %(place)s") if noun is Noun.CARD else _("Letters from %(place)s")
        return str(words % {"place": volume.region})
    if noun is Noun.CARD:
        return str(_("Cards that show no place"))
    return str(_("Letters that show no place"))


def hashes_of(files: Iterable[BundleFile]) -> list[tuple[str, int, str]]:
    """Return name, bytes and SHA-256 of each file, to check a copy; empty where none is known."""
    return [(file.name, file.bytes, file.sha256) for file in files if file.sha256]


def file_response(download: Download) -> Response:
    """Return the file as a stream of known size."""
    kind = "application/zip" if download.name.endswith(".zip") else "application/pdf"
    response = Response(download.chunks, mimetype=kind)
    response.headers["Content-Length"] = str(download.size)
    response.headers["Content-Disposition"] = f'attachment; filename="{download.name}"'
    return response
