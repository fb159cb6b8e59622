"""A bundle as the desk shows it. Pure."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from campaign.bundles import files
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


def files_of(bundle: Bundle) -> list[FileShown]:
    """The files of the ZIP, in its order."""
    first, rest = files.PAPERS[:2], files.PAPERS[2:]
    volumes = [
        FileShown(
            files.volume_file(volume.sequence),
            _describe_volume(bundle, volume),
            volume.page_count,
            volume.printed_letters,
        )
        for volume in bundle.volumes
        if volume.sha256
    ]
    return [
        *(FileShown(name, describe_file(name)) for name in first),
        *volumes,
        *(FileShown(name, describe_file(name)) for name in rest),
    ]
