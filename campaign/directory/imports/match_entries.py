"""Which row that is kept a record from a file means. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable

from campaign.core.text.desk_texts import RESERVED, free_slug, slugify
from campaign.directory.entry_fields import MissionDraft
from campaign.directory.imports.read_rows import MissionRecord, OfficialRecord
from campaign.directory.missions import mission_slug
from campaign.directory.town_names import same_town
from campaign.models.directory import Mission, MissionKind, Official

_WIKIDATA = re.compile(r"Q[0-9]+")


def main_kind(kind: MissionKind) -> MissionKind:
    """The kind as two lists agree on it: in the Commonwealth an embassy is a high commission."""
    return MissionKind.EMBASSY if kind is MissionKind.HIGH_COMMISSION else kind


def are_told_apart(source: str, other: str) -> bool:
    """Whether Wikidata knows the two under different ids: namesakes, two embassies in Rome."""
    return source != other and all(_WIKIDATA.fullmatch(source) for source in (source, other))


class MissionIndex:
    def __init__(self, missions: Iterable[Mission], records: Iterable[MissionRecord]) -> None:
        self._by_source: dict[str, Mission] = {}
        self._by_id: dict[str, Mission] = {}
        self._by_place: dict[tuple[str, str, MissionKind], list[Mission]] = defaultdict(list)
        for mission in missions:
            self._by_source[mission.source_id] = self._by_id[mission.public_id] = mission
            self._by_place[_get_place(mission)].append(mission)
        self._slugs = {mission.slug for mission in self._by_id.values()}
        named = (self._find_by_id(record) for record in records)
        self._taken = {mission.slug for mission in named if mission}
        """Those that a record names by its id, or has met: no other record means them."""

    def find(self, record: MissionRecord) -> tuple[Mission | None, str]:
        """Find the one that the record means, each once, and its slug or the one to be."""
        mission = self._find_by_id(record) or self._find_alike(record)
        if mission is not None:
            self._taken.add(mission.slug)
            return mission, mission.slug
        slug = free_slug(mission_slug(record.draft), self._slugs)
        self._slugs.add(slug)
        return None, slug

    def _find_by_id(self, record: MissionRecord) -> Mission | None:
        """The mission of that id. Two lists may number theirs alike: then countries differ."""
        if mission := self._by_id.get(record.own_id):
            return mission
        mission = self._by_source.get(record.source_id) if record.source_id else None
        if mission and not _WIKIDATA.fullmatch(record.source_id):
            return mission if _get_place(mission)[:2] == _get_place(record.draft)[:2] else None
        return mission

    def _find_alike(self, record: MissionRecord) -> Mission | None:
        draft = record.draft
        sure, unsure = [], []
        for mission in self._by_place[_get_place(draft)]:
            if mission.slug in self._taken or are_told_apart(mission.source_id, record.source_id):
                continue
            same = same_town(mission.locality, draft.locality, draft.host_country)
            if same:
                sure.append(mission)
            elif same is None and main_kind(draft.kind) is MissionKind.EMBASSY:
                unsure.append(mission)
        likely = sure or unsure
        return likely[0] if len(likely) == 1 else None


def _get_place(mission: Mission | MissionDraft) -> tuple[str, str, MissionKind]:
    return mission.sending_country, mission.host_country, main_kind(mission.kind)


class OfficialIndex:
    def __init__(self, officials: list[Official]) -> None:
        self._by_slug = {official.slug: official for official in officials}
        self._by_source = {
            official.source_id: official for official in officials if official.source_id
        }
        self._by_id = {official.public_id: official for official in officials}
        self._taken: set[str] = set()

    def find(self, record: OfficialRecord) -> tuple[Official | None, str]:
        """Find the one that the record means, each once, and its slug or the one to be."""
        official = self._by_id.get(record.own_id)
        if official is None and record.source_id:
            official = self._by_source.get(record.source_id)
        if official is not None and official.slug not in self._taken:
            self._taken.add(official.slug)
            return official, official.slug
        base, country = slugify(record.plain_name), record.draft.country
        namesake = self._by_slug.get(base)
        if (namesake and namesake.country != country) or base in RESERVED:
            base = f"{base}-{country.lower()}"
        number, slug = 1, base
        while slug in self._taken or self._is_other(slug, record):
            number += 1
            slug = f"{base}-{number}"
        self._taken.add(slug)
        return self._by_slug.get(slug), slug

    def _is_other(self, slug: str, record: OfficialRecord) -> bool:
        """Whether who has that slug comes from the same source, under another id."""
        old, new = getattr(self._by_slug.get(slug), "source_id", ""), record.source_id
        are_alike = bool(_WIKIDATA.fullmatch(old)) == bool(_WIKIDATA.fullmatch(new))
        return bool(old and new) and old != new and are_alike
