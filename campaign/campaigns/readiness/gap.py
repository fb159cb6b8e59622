"""What a campaign lacks, as data. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing or doubtful; its sentence is in `campaigns/_gap.html`."""

    slug: str
    part: str
    """Where it is mended: `facts`, `edition`, `letter`, `targets`, `official`, `mission`, `risks`,
    `picture` or `update`."""
    blocking: bool = True
    locale: str = ""
    subject: str = ""
    """What it is about: the slug of an official or mission, or the names of the fields."""
    detail: dict[str, str] = field(default_factory=dict, compare=False)

    @property
    def form_field(self) -> str:
        """The form field by which the sentence stands where saving is refused for it."""
        if self.slug == "no-letter-language":
            return "letter_locales"
        return {"facts": "act_by", "edition": "summary", "letter": "opening"}.get(self.part, "")
