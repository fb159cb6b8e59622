"""What a bundle's papers say, kept as it stood when it was frozen. Nothing here is a supporter's.

Of it, what the letters say is `FrozenLetters`: a supporter's own PDF is made of that too.
"""

from dataclasses import asdict, dataclass
from datetime import date
from itertools import zip_longest

from babel import localedata
from flask_babel import gettext as _

from campaign.bundles.nouns import Noun, noun_of_format
from campaign.core.db import Json
from campaign.core.i18n import say_number
from campaign.signing.letter.letter_facts import FrozenLetters

POST = "post"  # in place of a kind of mission: it goes by post to an official's own address


@dataclass(frozen=True, slots=True)
class FrozenMission:
    """Where the bundle goes, in the language of its lists; by post its kind is `post`."""

    slug: str
    kind: str
    name: str
    host_country: str
    head_of_mission: str
    lines: tuple[str, ...]  # head of mission, name and address, as they stand in the window
    sending_country: str = ""  # whose mission it is; numbers are written as there


@dataclass(frozen=True, slots=True)
class FrozenOrganisation:
    name: str
    email: str
    place: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen(FrozenLetters):
    """Everything that a bundle's papers need besides what is the supporters'."""

    locale: str  # language of the cover letter and the lists
    frozen_on: date
    campaign: str
    mission: FrozenMission
    organisation: FrozenOrganisation
    rehearsal: bool = False  # whether its letters are invented: every sheet says so
    on_paper: int = 0  # people on the signed sheets that travel with it
    duplex: bool = False
    """Both sides are printed: each letter, or sheet of cards, begins on a fresh sheet."""
    order: str = "confirmed"  # `confirmed`, `signed`, `region` or `name`
    volumes: str = "size"
    """What a volume is made by: `size`, or `region` (each holds letters of one region only)."""
    volume_letters: int = 500
    first_number: int = 1
    """Number of its first letter. `Letter.sequence` counts from here: it is the printed number."""
    folder: str = ""  # name of its folder and ZIP, where its number changed after it was frozen
    tells_of_copies: bool = False
    """Whether its README names who receives a copy: not where it was frozen before it could."""

    @property
    def person_name(self) -> str:
        return self.case.name_in(self.locale)

    @property
    def by_post(self) -> bool:
        return self.mission.kind == POST

    @property
    def noun(self) -> Noun:
        return noun_of_format(self.format)

    @property
    def mark(self) -> str:
        """The word that every sheet of a rehearsal bears; nothing on a real one."""
        return _("Rehearsal") if self.rehearsal else ""

    def copies_in(self, locale: str) -> tuple[list[str], list[str]]:
        """Return who receives a copy of all its letters, and of some; cards and rehearsals: none.

        A letter that was signed before somebody was to receive a copy does not name them.
        """
        words = [target.addressing for target in self.targets.values()]
        if self.cards or self.rehearsal or not words:
            return [], []
        addressing = words[0].get(locale, words[0][self.locale])
        pairs = list(zip_longest(addressing.copies, addressing.copied_since, fillvalue=""))
        of_some = [copy for copy, since in pairs if since]
        return [copy for copy, since in pairs if not since], of_some

    def say_number(self, number: int) -> str:
        """Return a number as the mission's country writes it: Spanish has 1.270, Mexico 1,270."""
        country = self.mission.sending_country
        own = f"{self.locale.partition('-')[0]}-{country}"
        exists = country and localedata.exists(own.replace("-", "_"))
        return say_number(number, own if exists else self.locale)

    def to_json(self) -> Json:
        data = asdict(self)
        data["frozen_on"] = self.frozen_on.isoformat()
        data["case"]["act_by"] = self.case.act_by.isoformat() if self.case.act_by else None
        data["targets"] = [{"id": key, **target} for key, target in data["targets"].items()]
        return data

    @classmethod
    def from_json(cls, data: Json) -> "Frozen":
        mission, organisation = data["mission"], data["organisation"]
        letters = FrozenLetters.from_json(data)
        read = {
            "frozen_on": date.fromisoformat(data["frozen_on"]),
            "case": letters.case,
            "mission": FrozenMission(**mission | {"lines": tuple(mission["lines"])}),
            "organisation": FrozenOrganisation(
                **organisation | {"lines": tuple(organisation["lines"])}
            ),
            "targets": letters.targets,
        }
        return cls(**data | read)
