"""What a bundle's papers say, kept as it stood when it was frozen. Nothing here is a supporter's.

Of it, what the letters say is `FrozenLetters`: a supporter's own PDF is made of that too.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from campaign.signing.letter.letter_facts import FrozenLetters

POST = "post"
"""In place of a kind of mission: it goes by post to an official's own address."""


@dataclass(frozen=True, slots=True)
class FrozenMission:
    """Where the bundle goes, in the language of its lists; by post its kind is `post`."""

    slug: str
    kind: str
    name: str
    host_country: str
    head_of_mission: str
    lines: tuple[str, ...]
    """Head of mission, name and address, as they stand in the window."""
    sending_country: str = ""
    """Whose mission it is; numbers are written as there."""


@dataclass(frozen=True, slots=True)
class FrozenOrganisation:
    """Who delivers the bundle."""

    name: str
    email: str
    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(FrozenLetters):
    """Everything that a bundle's papers need besides what is the supporters'."""

    locale: str
    """Language of the cover letter and the lists."""
    frozen_on: date
    campaign: str
    mission: FrozenMission
    organisation: FrozenOrganisation
    rehearsal: bool = False
    """Whether its letters are invented: every sheet says so."""
    on_paper: int = 0
    """How many people stand on the signed sheets that travel with it."""
    duplex: bool = False
    """Both sides are printed: each letter, or sheet of cards, begins on a fresh sheet."""
    order: str = "confirmed"
    """In which order its letters are: `confirmed`, `signed`, `region` or `name`."""
    volumes: str = "size"
    """What a volume is made by: `size`, or `region` (each holds letters of one region only)."""
    volume_letters: int = 500
    """Letters that a volume holds at most."""
    first_number: int = 1
    """Number of its first letter. `Letter.sequence` counts from here: it is the printed number."""
    folder: str = ""
    """Name of its folder and ZIP, where its number changed after it was frozen."""

    @property
    def person_name(self) -> str:
        return self.case.name_in(self.locale)

    @property
    def by_post(self) -> bool:
        """Whether it goes to an official's own address, not to a mission."""
        return self.mission.kind == POST

    def to_json(self) -> dict[str, Any]:
        data = asdict(self)
        data["frozen_on"] = self.frozen_on.isoformat()
        data["case"]["act_by"] = self.case.act_by.isoformat() if self.case.act_by else None
        data["targets"] = [{"id": key, **target} for key, target in data["targets"].items()]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Frozen":
        mission, organisation = data["mission"], data["organisation"]
        letters = FrozenLetters.from_json(data)
        return cls(
            **{
                **data,
                "frozen_on": date.fromisoformat(data["frozen_on"]),
                "case": letters.case,
                "mission": FrozenMission(**{**mission, "lines": tuple(mission["lines"])}),
                "organisation": FrozenOrganisation(
                    **{**organisation, "lines": tuple(organisation["lines"])}
                ),
                "targets": letters.targets,
            }
        )
