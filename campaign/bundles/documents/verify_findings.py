"""What a check of a copy of a bundle comes to. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """What does not hold: in which file, and why, as a sentence for the operator."""

    file: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}: {self.sentence}"


@dataclass(slots=True)
class Verified:
    """What a check found, and the facts that hold where it found nothing."""

    findings: list[Finding] = field(default_factory=list)
    folder: str = ""
    letters: int = 0
    set_aside: int = 0
    volumes: int = 0
    pages: int = 0
    files: int = 0
    in_zip: bool = False
    renamed_from: str = ""
    """The name of the bundle's folder, where the copy is a folder of another name."""
    zipped_again: bool = False
    """Whether a ZIP is not the one that we made: its files are compressed, or in no folder."""

    @property
    def ok(self) -> bool:
        """Whether all that the manifest says holds."""
        return not self.findings

    def find(self, file: str, sentence: str) -> None:
        """Note what does not hold."""
        self.findings.append(Finding(file, sentence))
