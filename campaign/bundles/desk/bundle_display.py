"""A bundle as the desk shows it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.bundles import file_names
from campaign.bundles.changes import prints
from campaign.bundles.documents.list_and_labels import describe_file
from campaign.bundles.freeze.choices import Split
from campaign.bundles.nouns import noun_of
from campaign.models.bundle import Bundle, Volume
from campaign.models.signature import Letter
from campaign.signing.letter.compose import number_of


@dataclass(frozen=True, slots=True)
class AsideShown:
    """A letter that was set aside: its number, the slug of the reason, what its wording needs."""

    number: str
    slug: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FileShown:
    """A file of the ZIP."""

    name: str
    description: str
    pages: int | None = None
    letters: int | None = None
    bytes: int = 0
    sha256: str = ""
    """Empty of a bundle from before hashes of its files were recorded."""


def set_aside_of(letters: Iterable[Letter]) -> list[AsideShown]:
    """The letters that were set aside, as the page words them."""
    return [
        AsideShown(
            number_of(letter.sequence or 0),
            letter.set_aside or "",
            json.loads(letter.set_aside_detail or "{}"),
        )
        for letter in letters
    ]


def _describe_volume(bundle: Bundle, volume: Volume) -> str:
    """What a volume holds, with the region where volumes are made by region."""
    if bundle.frozen.get("volumes") != Split.REGION:
        return describe_file("", noun=noun_of(bundle))
    if not volume.region:
        return str(_("Letters whose writers show no place"))
    return str(_("Letters from %(place)s", place=volume.region))


def copy_of(shown: Iterable[FileShown]) -> list[tuple[str, int, str]]:
    """Name, bytes and SHA-256 of each file, for the check of a copy; empty where none is known."""
    return [(one.name, one.bytes, one.sha256) for one in shown if one.sha256]


def files_of(session: Session, bundle: Bundle) -> list[FileShown]:
    """The files of the ZIP, in its order."""
    letters = {file_names.volume_file(one.sequence): one.printed_letters for one in bundle.volumes}
    volumes = {file_names.volume_file(one.sequence): one for one in bundle.volumes}
    found, by_post = prints.find_print(session, bundle), bundle.official_id is not None
    if found is None:
        names = [
            *file_names.BEFORE[:2],
            *letters,
            *(one for one in file_names.AFTER if one in file_names.ALWAYS),
        ]
        return [
            FileShown(
                one,
                describe_file(one, by_post=by_post, noun=noun_of(bundle)),
                None,
                letters.get(one),
            )
            for one in names
        ]
    return [
        FileShown(
            one["name"],
            _describe_volume(bundle, volumes[one["name"]])
            if one["name"] in volumes
            else describe_file(one["name"], by_post=by_post),
            one["pages"],
            letters.get(one["name"]),
            one["bytes"],
            one["sha256"],
        )
        for one in found.files
    ]
