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
        folded = _folded(field)
        op.execute(
            sa.update(sa.table(table, field)).where(folded != field).values({column: folded})
        )
    _fold_posts()
    _forget_fingerprints()


def downgrade() -> None:
    """Back: what was folded stays so, until an entry is saved; fingerprints are made anew."""
    _forget_fingerprints()


def _folded(field: sa.ColumnElement[str]) -> sa.ColumnElement[str]:
    for letter, plain in _ALIKE:
        field = sa.func.replace(field, letter, plain)
    return field


def _fold_posts() -> None:
    """Fold their keys; one that would be another's of its country stays as it is."""
    post = sa.table(
        "post",
        sa.column("id", sa.Integer()),
        sa.column("country", sa.String()),
        sa.column("key", sa.String()),
    )
    connection, folded = op.get_bind(), _folded(post.c.key)
    taken = {tuple(row) for row in connection.execute(sa.select(post.c.country, post.c.key))}
    stale = sa.select(post.c.id, post.c.country, folded).where(folded != post.c.key)
    for post_id, country, key in connection.execute(stale.order_by(post.c.id)).all():
        if (country, key) not in taken:
            taken.add((country, key))
            connection.execute(sa.update(post).where(post.c.id == post_id).values(key=key))


def _forget_fingerprints() -> None:
    """Those of erased people are random, and of anonymised ones there is no name: they stay."""
    person, state = sa.column("person_hmac", sa.LargeBinary()), sa.column("state", sa.String())
    forgotten_at = sa.column("forgotten_at", sa.DateTime())
    op.execute(
        sa.update(sa.table("signature", person, state, forgotten_at))
        .where(state != "erased", forgotten_at.is_(None))
        .values(person_hmac=None)
    )
