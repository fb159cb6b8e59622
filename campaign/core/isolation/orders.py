"""What both ends of a process of its own know."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NotRequired, TypedDict

OUT_OF_MEMORY = "out-of-memory"
TOOK_TOO_LONG = "took-too-long"
MACHINE_FAILED = "machine-failed"
NO_ROOM = "no-room"


@dataclass(frozen=True, slots=True)
class Limits:
    memory: int = 600_000_000
    """Bytes of private memory, the Python interpreter's and the fonts' included."""
    seconds: float = 20.0
    """Wall-clock seconds for any order, and"""
    seconds_per_letter: float = 0.5
    """more seconds for each letter or page in it."""

    def seconds_for(self, letters: int) -> float:
        return self.seconds + self.seconds_per_letter * letters


@dataclass(frozen=True, slots=True)
class ProcessKind:
    """A kind of process, by the module that has its `KIND`: what it can do."""

    module: str
    variables: tuple[str, ...] = ()
    """Variables of the environment that it is given; its names may end in a star."""


@dataclass(frozen=True, slots=True)
class WorkTable:
    """What a kind of process can do. Its children run nothing else."""

    run: Callable[[str, Mapping[str, Any], bytes], Mapping[str, object]]
    """Does the work of that name, on a job and a file; gives what JSON can say."""
    load: Callable[[], None]
    failed: str
    slugs: Mapping[type[BaseException], str] = field(default_factory=dict)
    reads_only: bool = False
    """Whether a child only computes: it opens no file, and may be another user."""


class WorkOrder(TypedDict):
    work: str
    job: dict[str, Any]
    memory: int
    seconds: float
    bytes: int


class Answer(TypedDict):
    """The fields of a `worker.WorkOutcome`."""

    report: Mapping[str, object] | None
    slug: NotRequired[str]
    detail: NotRequired[str]
    peak_memory: NotRequired[int]
