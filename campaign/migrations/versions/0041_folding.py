"""Names that are searched and compared are folded in one way: Arabic endings and joiners too."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_ALIKE = (("ة", "ه"), ("ى", "ي"), ("ـ", ""), ("ð", "d"), ("ħ", "h"))
_COLUMNS = (("official", "name_key"), ("official", "search"), ("mission", "search"))


def upgrade() -> None:
    """To this revision: fold what is stored; a job makes the fingerprints of people anew."""
    for table, column in _COLUMNS:
        field = sa.column(column, sa.String())
        folded: sa.ColumnElement[str] = field
        for letter, plain in _ALIKE:
            folded = sa.func.replace(folded, letter, plain)
        op.execute(
            sa.update(sa.table(table, field)).where(folded != field).values({column: folded})
        )
    _forget_fingerprints()


def downgrade() -> None:
    """Back: what was folded stays so, until an entry is saved; fingerprints are made anew."""
    _forget_fingerprints()


def _forget_fingerprints() -> None:
    """Those of erased people are random, and stay."""
    person, state = sa.column("person_hmac", sa.LargeBinary()), sa.column("state", sa.String())
    op.execute(
        sa.update(sa.table("signature", person, state))
        .where(state != "erased")
        .values(person_hmac=None)
    )
