"""What is wrong about one row of a file. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from campaign.core.errors import QUOTED, Fault, fault


class UnreadableRow(Exception):
    """Raised by a reader for one row: which field, what is wrong and how to mend it."""

    def __init__(self, field_name: str, sentence: str, /, **values: str | int) -> None:
        super().__init__(sentence)
        self.field = field_name
        self.fault = fault(sentence, values)


@dataclass(frozen=True, slots=True)
class RowProblem:
    row: int  # as a person counts: line of a CSV file (its heading is row 1), item of a JSON list
    field: str  # the column, as the file calls it; empty: the row as a whole
    fault: Fault
    columns: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        row: int,
        problem: UnreadableRow,
        columns: Iterable[str] = (),
        cells: Iterable[str] = (),
    ) -> "RowProblem":
        return cls(row, problem.field[:QUOTED], problem.fault, tuple(columns), tuple(cells))

    def __str__(self) -> str:
        return f"row {self.row}: {': '.join(filter(None, (self.field, str(self.fault))))}"
