"""The rows of a file: what would become of each, and how they are put on a sheet."""

from dataclasses import dataclass

from sqlalchemy import insert
from sqlalchemy.orm import Session

from campaign.models.paper_signature import PaperRow, PaperSheet, RowVerdict
from campaign.models.signature import Signature
from campaign.paper_signatures import duplicates, signature_columns
from campaign.paper_signatures.check_row import Details
from campaign.paper_signatures.read_file import FileRows


@dataclass(frozen=True, slots=True)
class SortedRows:
    """What would become of the rows of a file."""

    counted: list[tuple[Details, duplicates.Fingerprints, bool]]
    """Details, fingerprints, and whether mails go there."""
    twins: list[tuple[Details, duplicates.Fingerprints, int]]
    """Rows that double a signature, with its id."""
    within: int  # rows that double an earlier row of the file

    def counts(self, reading: FileRows) -> dict[str, int]:
        return {
            "rows": len(reading.rows),
            "counted": len(self.counted),
            "doubles": len(self.twins),
            "within": self.within,
            "faults": len({fault.row for fault in reading.faults}),
            "unticked": len(reading.unticked),
            "again": 0,
        }


def sort_rows(session: Session, campaign_id: int, reading: FileRows) -> SortedRows:
    """Say what would become of the rows, as things stand now."""
    prints = [duplicates.fingerprints_of(details) for _row, details in reading.rows]
    counted = duplicates.find_counted(session, campaign_id, prints)
    news_addresses = signature_columns.list_news_addresses(session, campaign_id)
    met: set[bytes] = set()
    judged, within = SortedRows([], [], 0), 0
    for (_row, details), marks_of_row in zip(reading.rows, prints, strict=True):
        marks = {marks_of_row.person} | ({marks_of_row.email} if marks_of_row.email else set())
        twin = next((counted[mark] for mark in marks if mark in counted), None)
        if met & marks:
            within += 1
            continue
        met |= marks
        if twin is not None:
            judged.twins.append((details, marks_of_row, twin))
            continue
        tell = signature_columns.wants_news(details) and marks_of_row.email not in news_addresses
        judged.counted.append((details, marks_of_row, tell))
    return SortedRows(judged.counted, judged.twins, within)


def insert_rows(session: Session, sheet: PaperSheet, judged: SortedRows, staff_id: int) -> None:
    common = signature_columns.common_columns(session, sheet)
    shared: dict[str, object] = {"sheet_id": sheet.id, "keyed_by_id": staff_id, "told_apart": False}
    ids: list[int] = []
    if judged.counted:
        values = [
            common | signature_columns.own_columns(common, details, prints, gets_email=gets_email)
            for details, prints, gets_email in judged.counted
        ]
        statement = insert(Signature).returning(Signature.id, sort_by_parameter_order=True)
        ids = list(session.scalars(statement, values))
    rows: list[dict[str, object]] = [
        shared
        | {
            "position": at,
            "verdict": RowVerdict.COUNTED,
            "signature_id": signature_id,
            "email_hmac": prints.email,
            "twin_id": None,
            "details": None,
        }
        for at, (signature_id, (_details, prints, _told)) in enumerate(
            zip(ids, judged.counted, strict=True), start=1
        )
    ]
    rows += [
        shared
        | {
            "position": at,
            "verdict": RowVerdict.DOUBLE,
            "signature_id": None,
            "email_hmac": prints.email,
            "twin_id": twin,
            "details": details.to_json(),
        }
        for at, (details, prints, twin) in enumerate(judged.twins, start=len(ids) + 1)
    ]
    if rows:
        session.execute(insert(PaperRow), rows)
