"""Missions of a CSV text, read as the imports read a file whose columns are named for us."""

from collections.abc import Iterator

from campaign.officials.import_models import Directory
from campaign.officials.meanings import guess
from campaign.officials.read_missions import read_table, refuse_incomplete
from campaign.officials.readings import MissionRecord, RowProblem
from campaign.officials.tables import table_of_csv


def read_csv(text: str) -> Iterator[MissionRecord | RowProblem]:
    """Its rows. Raises UnreadableFile without the columns operator, country and type."""
    table = table_of_csv(text)
    mapping = guess(table, Directory.MISSIONS)
    refuse_incomplete(table, mapping)
    yield from read_table(table, mapping, {})
