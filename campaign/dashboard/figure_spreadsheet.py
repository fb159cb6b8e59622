"""Tables as CSV files that spreadsheets of every country open."""

import csv
import io
from collections.abc import Iterable, Iterator

from flask import Response

from campaign.dashboard.figure_tables import Cells
from campaign.web.spreadsheets import inert


def csv_file(name: str, rows: Iterable[Cells]) -> Response:
    """The rows as a download; they are read when the request's session has ended."""
    response = Response(_lines(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def _lines(rows: Iterable[Cells]) -> Iterator[str]:
    """UTF-8 with its mark, CRLF, no cell a formula."""
    yield "\ufeff"
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in rows:
        writer.writerow([inert(str(cell)) for cell in row])
        yield line.getvalue()
        line.seek(0)
        line.truncate()
