"""A bundle as the desk shows it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from campaign.bundles import files, prints
from campaign.bundles.choices import Split
from campaign.bundles.loading import number_of
from campaign.bundles.models import Bundle, Volume
from campaign.bundles.papers import describe_file
from campaign.signing.models import Letter


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
        return describe_file("")
    if not volume.region:
        return str(_("Letters whose writers show no place"))
    return str(_("Letters from %(place)s", place=volume.region))


def files_of(unit: Session, bundle: Bundle) -> list[FileShown]:
    """The files of the ZIP, in its order."""
    volumes = {files.volume_file(one.sequence): one for one in bundle.volumes if one.sha256}
    found = prints.find_print(unit, bundle)
    if found is None:
        after = (one for one in files.AFTER if one in files.ALWAYS)
        facts = [(name, None) for name in (*files.BEFORE[:2], *volumes, *after)]
    else:
        facts = [(one["name"], one["pages"]) for one in found.files]
    return [
        FileShown(
            name,
            _describe_volume(bundle, volumes[name]) if name in volumes else describe_file(name),
            pages,
            volumes[name].printed_letters if name in volumes else None,
        )
        for name, pages in facts
    ]
