"""Following letters, the network, what supporters may change, pictures of updates."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "bad_address",
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("email_hmac", name=op.f("pk_bad_address")),
    )
    op.create_table(
        "spent_work",
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_spent_work")),
    )
    op.create_index(op.f("ix_spent_work_expires_at"), "spent_work", ["expires_at"])
    op.create_table(
        "letters_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letters_link")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_letters_link_token_digest")),
    )
    op.create_index(
        op.f("ix_letters_link_email_hmac"), "letters_link", ["email_hmac"], unique=False
    )
    op.create_index(
        op.f("ix_letters_link_expires_at"), "letters_link", ["expires_at"], unique=False
    )
    op.create_table(
        "network_member",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "active",
                "left",
                name="memberstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("email", sa.LargeBinary(), nullable=True),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("countries", sa.JSON(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column(
            "frequency",
            sa.Enum(
                "each",
                "weekly",
                "monthly",
                name="frequency",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("consent_wording", sa.String(length=600), nullable=False),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_network_member")),
        sa.UniqueConstraint("email_hmac", name=op.f("uq_network_member_email_hmac")),
        sa.UniqueConstraint("public_id", name=op.f("uq_network_member_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_network_member_token_digest")),
    )
    op.create_index(
        "ix_network_member_state_frequency", "network_member", ["state", "frequency"], unique=False
    )
    op.create_table(
        "mailing",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=True),
        sa.Column("last_member_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_mailing_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["update.id"], name=op.f("fk_mailing_update_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailing")),
        sa.UniqueConstraint(
            "campaign_id", "update_id", name=op.f("uq_mailing_campaign_id_update_id")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_mailing_public_id")),
    )
    op.create_index(op.f("ix_mailing_campaign_id"), "mailing", ["campaign_id"], unique=False)
    op.create_index(
        "uq_mailing_campaign_id_new",
        "mailing",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("update_id IS NULL"),
        postgresql_where=sa.text("update_id IS NULL"),
    )
    op.create_table(
        "spent_link",
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "end",
            sa.Enum(
                "expired",
                "erased",
                name="linkend",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_spent_link_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_digest", name=op.f("pk_spent_link")),
    )
    op.create_index(op.f("ix_spent_link_ended_at"), "spent_link", ["ended_at"], unique=False)
    op.create_table(
        "words_print",
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("band", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_words_print_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signature.id"],
            name=op.f("fk_words_print_signature_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("signature_id", "band", name=op.f("pk_words_print")),
    )
    op.create_index(
        "ix_words_print_campaign_id_band_value",
        "words_print",
        ["campaign_id", "band", "value", "signature_id"],
        unique=False,
    )
    op.create_table(
        "mailing_member",
        sa.Column("mailing_id", sa.Integer(), nullable=False),
        sa.Column("member_id", sa.Integer(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["mailing_id"],
            ["mailing.id"],
            name=op.f("fk_mailing_member_mailing_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["network_member.id"],
            name=op.f("fk_mailing_member_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("mailing_id", "member_id", name=op.f("pk_mailing_member")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "handed-over",
                "reply",
                "outcome",
                "stop",
                name="noticekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("update_id", sa.Integer(), nullable=True),
        sa.Column("last_signature_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_notice_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"],
            ["delivery_attempt.id"],
            name=op.f("fk_notice_delivery_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["update_id"], ["update.id"], name=op.f("fk_notice_update_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("delivery_id", name=op.f("uq_notice_delivery_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_notice_public_id")),
        sa.UniqueConstraint("update_id", name=op.f("uq_notice_update_id")),
    )
    op.create_index(op.f("ix_notice_campaign_id"), "notice", ["campaign_id"], unique=False)
    op.create_index(
        "uq_notice_campaign_id_stop",
        "notice",
        ["campaign_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'stop'"),
        postgresql_where=sa.text("kind = 'stop'"),
    )
    op.create_table(
        "notice_mail",
        sa.Column("notice_id", sa.Integer(), nullable=False),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["notice_id"], ["notice.id"], name=op.f("fk_notice_mail_notice_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("notice_id", "email_hmac", name=op.f("pk_notice_mail")),
    )
    op.add_column(
        "campaign",
        sa.Column("forbidden_words", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.add_column(
        "campaign",
        sa.Column("full_text_edit", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "campaign",
        sa.Column("print_translation", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "campaign",
        sa.Column("embed_hosts", sa.JSON(), nullable=False, server_default=sa.text("'[]'")),
    )
    op.add_column(
        "campaign_tally",
        sa.Column("sent_by_self", sa.Integer(), nullable=False, server_default="0"),
    )
    op.add_column("signature", sa.Column("full_text", sa.LargeBinary(), nullable=True))
    op.add_column(
        "signature", sa.Column("source", sa.String(length=60), nullable=False, server_default="")
    )
    op.add_column("signature", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "signature", sa.Column("sent_by_self_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("signature", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_signature_email_hmac", "signature", ["email_hmac"], unique=False)
    op.create_index(
        "ix_signature_state_signed_at", "signature", ["state", "signed_at"], unique=False
    )
    op.create_index(
        "ix_signature_sent_by_self",
        "signature",
        ["campaign_id", "state"],
        unique=False,
        sqlite_where=sa.text("sent_by_self_at IS NOT NULL"),
        postgresql_where=sa.text("sent_by_self_at IS NOT NULL"),
    )
    op.add_column(
        "update", sa.Column("picture", sa.String(length=120), nullable=False, server_default="")
    )
    op.add_column(
        "update",
        sa.Column("picture_alt", sa.JSON(), nullable=False, server_default=sa.text("'{}'")),
    )
    op.add_column(
        "update", sa.Column("tell_network", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.drop_index("ix_signature_campaign_state", table_name="signature")
    op.create_index(
        "ix_signature_campaign_state", "signature", ["campaign_id", "state", "confirmed_at"]
    )


def downgrade() -> None:
    """Back to the revision before."""
    op.drop_index("ix_signature_campaign_state", table_name="signature")
    op.create_index("ix_signature_campaign_state", "signature", ["campaign_id", "state"])
    op.drop_column("update", "tell_network")
    op.drop_column("update", "picture_alt")
    op.drop_column("update", "picture")
    op.drop_index(
        "ix_signature_sent_by_self",
        table_name="signature",
        sqlite_where=sa.text("sent_by_self_at IS NOT NULL"),
        postgresql_where=sa.text("sent_by_self_at IS NOT NULL"),
    )
    op.drop_index("ix_signature_state_signed_at", table_name="signature")
    op.drop_index("ix_signature_email_hmac", table_name="signature")
    op.drop_column("signature", "withdrawn_at")
    op.drop_column("signature", "sent_by_self_at")
    op.drop_column("signature", "reminded_at")
    op.drop_column("signature", "source")
    op.drop_column("signature", "full_text")
    op.drop_column("campaign_tally", "sent_by_self")
    op.drop_column("campaign", "embed_hosts")
    op.drop_column("campaign", "print_translation")
    op.drop_column("campaign", "full_text_edit")
    op.drop_column("campaign", "forbidden_words")
    op.drop_table("notice_mail")
    op.drop_index(
        "uq_notice_campaign_id_stop",
        table_name="notice",
        sqlite_where=sa.text("kind = 'stop'"),
        postgresql_where=sa.text("kind = 'stop'"),
    )
    op.drop_index(op.f("ix_notice_campaign_id"), table_name="notice")
    op.drop_table("notice")
    op.drop_table("mailing_member")
    op.drop_index("ix_words_print_campaign_id_band_value", table_name="words_print")
    op.drop_table("words_print")
    op.drop_index(op.f("ix_spent_link_ended_at"), table_name="spent_link")
    op.drop_table("spent_link")
    op.drop_index(
        "uq_mailing_campaign_id_new",
        table_name="mailing",
        sqlite_where=sa.text("update_id IS NULL"),
        postgresql_where=sa.text("update_id IS NULL"),
    )
    op.drop_index(op.f("ix_mailing_campaign_id"), table_name="mailing")
    op.drop_table("mailing")
    op.drop_index("ix_network_member_state_frequency", table_name="network_member")
    op.drop_table("network_member")
    op.drop_index(op.f("ix_letters_link_expires_at"), table_name="letters_link")
    op.drop_index(op.f("ix_letters_link_email_hmac"), table_name="letters_link")
    op.drop_table("letters_link")
    op.drop_index(op.f("ix_spent_work_expires_at"), table_name="spent_work")
    op.drop_table("spent_work")
    op.drop_table("bad_address")
