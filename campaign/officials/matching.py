"""Which row that is kept a record from a file means. Pure."""

import re
from collections import defaultdict

from campaign.folding import fold_name
from campaign.officials.models import Mission, MissionKind, Official
from campaign.officials.readings import MissionRecord, OfficialRecord
from campaign.officials.text import RESERVED, slugify

_WIKIDATA = re.compile(r"Q[0-9]+")
_ONE_PER_COUNTRY = {MissionKind.EMBASSY, MissionKind.HIGH_COMMISSION}


class MissionIndex:
    """Missions by source id, and by countries and kind."""

    def __init__(self, missions: list[Mission]) -> None:
        self._by_source = {mission.source_id: mission for mission in missions if mission.source_id}
        self._by_id = {mission.public_id: mission for mission in missions}
        self._by_place: dict[tuple[str, str, str], list[Mission]] = defaultdict(list)
        for mission in missions:
            self._by_place[
                mission.sending_country, mission.host_country, mission.kind.value
            ].append(mission)
        self._met: set[int] = set()

    def find(self, record: MissionRecord) -> Mission | None:
        """The mission that the record means, each one once; None where that is not sure."""
        found = self._by_id.get(record.own_id) or self._by_source.get(record.source_id)
        if found is None:
            draft = record.draft
            place = (draft.sending_country, draft.host_country, draft.kind.value)
            alike = [one for one in self._by_place[place] if self._may_be(one, record)]
            found = alike[0] if len(alike) == 1 else None
        if found is not None:
            self._met.add(found.id)
        return found

    def _may_be(self, mission: Mission, record: MissionRecord) -> bool:
        """Another source's mission of that city; an embassy also where a city is not known."""
        if mission.id in self._met or (
            mission.source_id and _source(mission.source_id) == _source(record.source_id)
        ):
            return False
        one, other = fold_name(mission.locality), fold_name(record.draft.locality)
        unknown = not (one and other) and mission.kind in _ONE_PER_COUNTRY
        return unknown or (bool(one) and one == other)


class OfficialIndex:
    """Officials by source id, and by slug and country."""

    def __init__(self, officials: list[Official]) -> None:
        self._by_slug = {official.slug: official for official in officials}
        self._by_source = {one.source_id: one for one in officials if one.source_id}
        self._by_id = {one.public_id: one for one in officials}
        self._met: set[str] = set()

    def find(self, record: OfficialRecord) -> tuple[Official | None, str]:
        """The official that the record means, each one once; and its slug, or the one to be.

        A namesake in another country gets the country's code, one of another source, or a second
        in the same file, a number.
        """
        found = self._by_id.get(record.own_id)
        if found is None and record.source_id:
            found = self._by_source.get(record.source_id)
        if found is not None and found.slug not in self._met:
            self._met.add(found.slug)
            return found, found.slug
        base, country = slugify(record.plain_name), record.draft.country
        namesake = self._by_slug.get(base)
        if (namesake and namesake.country != country) or base in RESERVED:
            base = f"{base}-{country.lower()}"
        number, slug = 1, base
        while slug in self._met or self._is_other(slug, record):
            number += 1
            slug = f"{base}-{number}"
        self._met.add(slug)
        return self._by_slug.get(slug), slug

    def _is_other(self, slug: str, record: OfficialRecord) -> bool:
        """Whether who has that slug comes from the same source, under another id."""
        kept = self._by_slug.get(slug)
        return bool(
            kept
            and kept.source_id
            and record.source_id
            and kept.source_id != record.source_id
            and _source(kept.source_id) == _source(record.source_id)
        )


def _source(source_id: str) -> str:
    return "wikidata" if _WIKIDATA.fullmatch(source_id) else "list"
