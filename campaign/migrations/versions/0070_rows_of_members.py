"""On which row of a sheet a membership rests; undone imports are found again; no one opened."""

import sqlalchemy as sa
from alembic import op

from campaign.migrations.enums import change_values

revision = "0070"
down_revision = "0069"
branch_labels = None
depends_on = None

_CHECK = ("paper_import", "state", "paperimportstate")
_ORIGIN = ("network_member", "origin", "memberorigin")
_ORIGINS = ("form", "letter", "import")
_OUTCOME = ("delivery_attempt", "outcome", "deliveryoutcome")
_OUTCOMES = ("accepted", "part", "refused", "left", "posted", "courier", "stopped")
_STATES = ("uploaded", "rehearsing", "ready", "applying", "applied", "failed")


def upgrade() -> None:
    """To this revision. Of members by a double it is not known: they stay until they leave."""
    op.add_column("network_member", sa.Column("paper_row_id", sa.Integer(), nullable=True))
    op.create_index(op.f("ix_network_member_paper_row_id"), "network_member", ["paper_row_id"])
    op.execute(
        """UPDATE network_member SET paper_row_id = (
            SELECT MIN(paper_row.id) FROM paper_row
            JOIN signature ON signature.id = paper_row.signature_id
            JOIN consent_wording ON consent_wording.id = signature.consent_wording_id
            WHERE signature.email_hmac = network_member.email_hmac
            AND signature.consent_network_at IS NOT NULL
            AND signature.locale = network_member.locale
            AND consent_wording.network = network_member.consent_wording
        ) WHERE state = 'active' AND origin = 'letter' AND token_digest IS NULL
        AND frequency = 'each' AND CAST(countries AS TEXT) = '[]'
        AND CAST(themes AS TEXT) = '[]' AND CAST(languages AS TEXT) = '[]' AND NOT EXISTS (
            SELECT 1 FROM signature WHERE signature.email_hmac = network_member.email_hmac
            AND signature.consent_network_at IS NOT NULL AND signature.origin = 'online'
        )"""
    )
    change_values(*_ORIGIN, _ORIGINS, (*_ORIGINS, "sheet"))
    op.execute(
        """UPDATE network_member SET origin = (
            SELECT CASE paper_sheet.origin WHEN 'paper' THEN 'sheet' ELSE 'import' END
            FROM paper_sheet JOIN paper_row ON paper_row.sheet_id = paper_sheet.id
            WHERE paper_row.id = network_member.paper_row_id
        ) WHERE paper_row_id IS NOT NULL"""
    )
    # What people on a list without paper read is not known.
    op.execute(
        "UPDATE network_member SET consent_wording = '' "
        "WHERE origin = 'import' AND paper_row_id IS NOT NULL"
    )
    change_values(*_CHECK, _STATES, (*_STATES, "undoing"))
    change_values(*_OUTCOME, _OUTCOMES, (*_OUTCOMES, "unopened"))


def downgrade() -> None:
    """Back: an import that is being undone stays as it is by then."""
    state = sa.column("state", sa.String())
    undone = sa.update(sa.table("paper_import", state)).where(state == "undoing")
    op.execute(undone.values(state="applied"))
    change_values(*_CHECK, (*_STATES, "undoing"), _STATES)
    op.execute(
        "UPDATE network_member SET origin = 'letter' "
        "WHERE origin = 'sheet' OR paper_row_id IS NOT NULL"
    )
    change_values(*_ORIGIN, (*_ORIGINS, "sheet"), _ORIGINS)
    op.execute("UPDATE delivery_attempt SET outcome = 'refused' WHERE outcome = 'unopened'")
    change_values(*_OUTCOME, (*_OUTCOMES, "unopened"), _OUTCOMES)
    op.drop_index(op.f("ix_network_member_paper_row_id"), table_name="network_member")
    op.drop_column("network_member", "paper_row_id")
