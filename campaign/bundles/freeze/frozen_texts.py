"""What a bundle's letters say that is not the supporters': kept as it stood when it was frozen.

Officials move, addresses change; a letter that is printed twice must be the same letter. Nothing
here is a supporter's.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from campaign.models.campaign import LetterFormat
from campaign.signing.letter.compose import Addressing, Case

POST = "post"
"""In place of a kind of mission: it goes by post to an official's own address."""


@dataclass(frozen=True, slots=True)
class FrozenTarget:
    """An official of the bundle: slug, name per language, how letters in each are addressed."""

    official: str
    names: dict[str, str]
    addressing: dict[str, Addressing]


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
    """Who hands the bundle over."""

    name: str
    email: str
    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frozen:
    """Everything that a bundle's papers need besides its letters."""

    locale: str
    """Language of the cover letter and the lists."""
    frozen_on: date
    timezone: str
    layout: str
    """Slug of the letters' layout, which gives the paper."""
    format: str
    """`letter` or `card`."""
    campaign: str
    case: Case
    mission: FrozenMission
    organisation: FrozenOrganisation
    targets: dict[int, FrozenTarget]
    """By the target's id, in the campaign's order."""
    translation: str = ""
    """Language into which letters in another one are translated; empty: they are not."""
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
    def cards(self) -> bool:
        """Whether its letters are cards."""
        return self.format == LetterFormat.CARD

    @property
    def by_post(self) -> bool:
        """Whether it goes to an official's own address, not to a mission."""
        return self.mission.kind == POST

    def to_json(self) -> dict[str, Any]:
        """For the bundle's row."""
        data = asdict(self)
        data["frozen_on"] = self.frozen_on.isoformat()
        data["case"]["act_by"] = self.case.act_by.isoformat() if self.case.act_by else None
        data["targets"] = [{"id": key, **target} for key, target in data["targets"].items()]
        return data

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Frozen":
        """From the bundle's row."""
        case, mission, organisation = data["case"], data["mission"], data["organisation"]
        act_by = date.fromisoformat(case["act_by"]) if case["act_by"] else None
        return cls(
            **{
                **data,
                "frozen_on": date.fromisoformat(data["frozen_on"]),
                "case": Case(**{**case, "act_by": act_by}),
                "mission": FrozenMission(**{**mission, "lines": tuple(mission["lines"])}),
                "organisation": FrozenOrganisation(
                    **{**organisation, "lines": tuple(organisation["lines"])}
                ),
                "targets": {one["id"]: _target(one) for one in data["targets"]},
            }
        )


def _target(data: dict[str, Any]) -> FrozenTarget:
    addressing = {locale: Addressing.from_json(one) for locale, one in data["addressing"].items()}
    return FrozenTarget(data["official"], data["names"], addressing)
