"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this revision."""
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=40), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_entry_digest")),
        sa.UniqueConstraint("previous", name=op.f("uq_audit_entry_previous")),
    )
    op.create_table(
        "consent_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("updates", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_wording")),
        sa.UniqueConstraint("digest", name=op.f("uq_consent_wording_digest")),
    )
    op.create_table(
        "mission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "embassy",
                "high-commission",
                "consulate",
                "permanent-mission",
                name="missionkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("sending_country", sa.String(length=2), nullable=False),
        sa.Column("host_country", sa.String(length=2), nullable=False),
        sa.Column("accredited_to", sa.JSON(), nullable=False),
        sa.Column("head_of_mission", sa.String(length=200), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("locality", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("last_checked_on", sa.Date(), nullable=True),
        sa.Column("source_id", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mission")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mission_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_mission_slug")),
    )
    op.create_index(op.f("ix_mission_source_id"), "mission", ["source_id"], unique=False)
    op.create_table(
        "official",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("given_name", sa.String(length=100), nullable=False),
        sa.Column("family_name", sa.String(length=100), nullable=False),
        sa.Column("office", sa.JSON(), nullable=False),
        sa.Column("salutation", sa.JSON(), nullable=False),
        sa.Column("close", sa.JSON(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("preferred_locale", sa.String(length=12), nullable=False),
        sa.Column("address", sa.JSON(), nullable=False),
        sa.Column("locality", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=100), nullable=False),
        sa.Column("postal_code", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official")),
        sa.UniqueConstraint("public_id", name=op.f("uq_official_public_id")),
        sa.UniqueConstraint("slug", name=op.f("uq_official_slug")),
    )
    op.create_table(
        "rate_limit",
        sa.Column("bucket", sa.LargeBinary(length=32), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("bucket", name=op.f("pk_rate_limit")),
    )
    op.create_index(op.f("ix_rate_limit_expires_at"), "rate_limit", ["expires_at"], unique=False)
    op.create_table(
        "staff_user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "organizer",
                "staff",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("password", sa.String(length=255), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("fs_uniquifier", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_sign_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_user")),
        sa.UniqueConstraint("email_hmac", name=op.f("uq_staff_user_email_hmac")),
        sa.UniqueConstraint("fs_uniquifier", name=op.f("uq_staff_user_fs_uniquifier")),
        sa.UniqueConstraint("public_id", name=op.f("uq_staff_user_public_id")),
    )
    op.create_table(
        "campaign",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("slug", sa.String(length=80), nullable=False),
        sa.Column("reference", sa.String(length=40), nullable=False),
        sa.Column("index_number", sa.String(length=40), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "letter",
                "card",
                name="letterformat",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "open",
                "closed",
                "stopped",
                name="campaignstatus",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("status_reason", sa.Text(), nullable=False),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.Column("timezone", sa.String(length=60), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=True),
        sa.Column("act_by", sa.Date(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("follows_id", sa.Integer(), nullable=True),
        sa.Column("person_name", sa.String(length=200), nullable=False),
        sa.Column("person_pronouns", sa.String(length=40), nullable=False),
        sa.Column("default_locale", sa.String(length=12), nullable=False),
        sa.Column("letter_locales", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name=op.f("fk_campaign_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["follows_id"], ["campaign.id"], name=op.f("fk_campaign_follows_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("public_id", name=op.f("uq_campaign_public_id")),
        sa.UniqueConstraint("reference", name=op.f("uq_campaign_reference")),
        sa.UniqueConstraint("slug", name=op.f("uq_campaign_slug")),
    )
    op.create_index(op.f("ix_campaign_status"), "campaign", ["status"], unique=False)
    op.create_table(
        "outbox_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("recipient", sa.LargeBinary(), nullable=True),
        sa.Column("recipient_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("context", sa.LargeBinary(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "sending",
                "sent",
                "failed",
                name="mailstate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failure", sa.String(length=200), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_outbox_mail_campaign_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_mail")),
        sa.UniqueConstraint("public_id", name=op.f("uq_outbox_mail_public_id")),
    )
    op.create_index(
        "ix_outbox_mail_recipient_hmac_created_at",
        "outbox_mail",
        ["recipient_hmac", "created_at"],
        unique=False,
    )
    op.create_index("ix_outbox_mail_state_due_at", "outbox_mail", ["state", "due_at"], unique=False)
    op.create_table(
        "contact_detail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=True),
        sa.Column("mission_id", sa.Integer(), nullable=True),
        sa.Column("type", sa.String(length=20), nullable=False),
        sa.Column("value", sa.String(length=300), nullable=False),
        sa.Column("note", sa.String(length=300), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(official_id IS NULL) <> (mission_id IS NULL)",
            name=op.f("ck_contact_detail_one_owner"),
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"],
            ["mission.id"],
            name=op.f("fk_contact_detail_mission_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["official_id"],
            ["official.id"],
            name=op.f("fk_contact_detail_official_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_detail")),
    )
    op.create_index(
        op.f("ix_contact_detail_mission_id"), "contact_detail", ["mission_id"], unique=False
    )
    op.create_index(
        op.f("ix_contact_detail_official_id"), "contact_detail", ["official_id"], unique=False
    )
    op.create_table(
        "bundle",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first",
                "supplementary",
                name="bundlekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "printing",
                "assembling",
                "ready",
                "failed",
                name="bundlestate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("frozen", sa.JSON(), nullable=False),
        sa.Column("letter_count", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("failure", sa.String(length=60), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("zip_sha256", sa.String(length=64), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_bundle_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name=op.f("fk_bundle_created_by_id")
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_bundle_mission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bundle")),
        sa.UniqueConstraint(
            "campaign_id",
            "mission_id",
            "sequence",
            name=op.f("uq_bundle_campaign_id_mission_id_sequence"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_bundle_public_id")),
    )
    op.create_index(op.f("ix_bundle_mission_id"), "bundle", ["mission_id"], unique=False)
    op.create_table(
        "campaign_tally",
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("confirmed >= 0", name=op.f("ck_campaign_tally_not_negative")),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_campaign_tally_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign_tally")),
    )
    op.create_table(
        "edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("background", sa.Text(), nullable=False),
        sa.Column("asks", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_edition_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("campaign_id", "locale", name=op.f("uq_edition_campaign_id_locale")),
    )
    op.create_table(
        "signature",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "confirmed",
                "held",
                "rejected",
                "invalid",
                "withdrawn",
                "erased",
                name="signaturestate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("given_name", sa.LargeBinary(), nullable=False),
        sa.Column("family_name", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_hmac", sa.LargeBinary(length=32), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.Column("locality", sa.LargeBinary(), nullable=False),
        sa.Column("region", sa.LargeBinary(), nullable=False),
        sa.Column("postal_code", sa.LargeBinary(), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("letter_locale", sa.String(length=12), nullable=False),
        sa.Column("own_words", sa.LargeBinary(), nullable=False),
        sa.Column("points", sa.JSON(), nullable=False),
        sa.Column(
            "disclosure",
            sa.Enum(
                "name",
                "town",
                "full",
                name="disclosure",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("consent_wording_id", sa.Integer(), nullable=False),
        sa.Column("consent_delivery_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("consent_updates_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_network_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token_digest", sa.LargeBinary(length=32), nullable=True),
        sa.Column("token_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("seat IN (1, 2)", name=op.f("ck_signature_seat")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_signature_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["consent_wording_id"],
            ["consent_wording.id"],
            name=op.f("fk_signature_consent_wording_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
        sa.UniqueConstraint(
            "campaign_id",
            "email_hmac",
            "seat",
            name=op.f("uq_signature_campaign_id_email_hmac_seat"),
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_signature_public_id")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_signature_token_digest")),
    )
    op.create_index(
        "ix_signature_campaign_state", "signature", ["campaign_id", "state"], unique=False
    )
    op.create_table(
        "target",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("official_id", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.Integer(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "to",
                "copy",
                name="targetkind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_target_campaign_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["mission_id"], ["mission.id"], name=op.f("fk_target_mission_id")),
        sa.ForeignKeyConstraint(
            ["official_id"], ["official.id"], name=op.f("fk_target_official_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target")),
        sa.UniqueConstraint(
            "campaign_id", "official_id", name=op.f("uq_target_campaign_id_official_id")
        ),
    )
    op.create_index(op.f("ix_target_mission_id"), "target", ["mission_id"], unique=False)
    op.create_index(op.f("ix_target_official_id"), "target", ["official_id"], unique=False)
    op.create_table(
        "update",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "further-information",
                "good-news",
                "stop",
                "delivery",
                "reply",
                "outcome",
                name="updatekind",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_update_campaign_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_update")),
    )
    op.create_index(op.f("ix_update_campaign_id"), "update", ["campaign_id"], unique=False)
    op.create_table(
        "delivery_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("mission_id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("place", sa.String(length=200), nullable=False),
        sa.Column("received_by", sa.Text(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "refused",
                "left",
                "posted",
                "courier",
                name="deliveryoutcome",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name=op.f("fk_delivery_attempt_bundle_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_delivery_attempt_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["mission_id"], ["mission.id"], name=op.f("fk_delivery_attempt_mission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempt")),
        sa.UniqueConstraint("public_id", name=op.f("uq_delivery_attempt_public_id")),
    )
    op.create_index(
        op.f("ix_delivery_attempt_bundle_id"), "delivery_attempt", ["bundle_id"], unique=False
    )
    op.create_index(
        op.f("ix_delivery_attempt_campaign_id"), "delivery_attempt", ["campaign_id"], unique=False
    )
    op.create_table(
        "letter_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=True),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"],
            ["campaign.id"],
            name=op.f("fk_letter_template_campaign_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["staff_user.id"], name=op.f("fk_letter_template_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["target.id"],
            name=op.f("fk_letter_template_target_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter_template")),
        sa.UniqueConstraint(
            "campaign_id",
            "locale",
            "target_id",
            "version",
            name=op.f("uq_letter_template_campaign_id_locale_target_id_version"),
        ),
    )
    op.create_index(
        "uq_letter_template_version_for_all",
        "letter_template",
        ["campaign_id", "locale", "version"],
        unique=True,
        sqlite_where=sa.text("target_id IS NULL"),
        postgresql_where=sa.text("target_id IS NULL"),
    )
    op.create_table(
        "update_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["update_id"],
            ["update.id"],
            name=op.f("fk_update_edition_update_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_update_edition")),
        sa.UniqueConstraint("update_id", "locale", name=op.f("uq_update_edition_update_id_locale")),
    )
    op.create_table(
        "volume",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("letter_count", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "printing",
                "printed",
                name="volumestate",
                native_enum=False,
                create_constraint=True,
                length=24,
            ),
            nullable=False,
        ),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("printed_letters", sa.Integer(), nullable=False),
        sa.Column("page_count", sa.Integer(), nullable=True),
        sa.Column("byte_count", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("letter_count BETWEEN 1 AND 500", name=op.f("ck_volume_letter_count")),
        sa.ForeignKeyConstraint(
            ["bundle_id"], ["bundle.id"], name=op.f("fk_volume_bundle_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_volume")),
        sa.UniqueConstraint("bundle_id", "sequence", name=op.f("uq_volume_bundle_id_sequence")),
    )
    op.create_index("ix_volume_state_lease_until", "volume", ["state", "lease_until"], unique=False)
    op.create_table(
        "letter",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(length=22), nullable=False),
        sa.Column("signature_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("bundle_id", sa.Integer(), nullable=True),
        sa.Column("volume_id", sa.Integer(), nullable=True),
        sa.Column("sequence", sa.Integer(), nullable=True),
        sa.Column("first_page", sa.Integer(), nullable=True),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("set_aside", sa.String(length=60), nullable=True),
        sa.Column("set_aside_detail", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(bundle_id IS NULL) = (sequence IS NULL)", name=op.f("ck_letter_sequence_in_bundle")
        ),
        sa.ForeignKeyConstraint(["bundle_id"], ["bundle.id"], name=op.f("fk_letter_bundle_id")),
        sa.ForeignKeyConstraint(
            ["signature_id"],
            ["signature.id"],
            name=op.f("fk_letter_signature_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["target_id"], ["target.id"], name=op.f("fk_letter_target_id")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["letter_template.id"], name=op.f("fk_letter_template_id")
        ),
        sa.ForeignKeyConstraint(["volume_id"], ["volume.id"], name=op.f("fk_letter_volume_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_letter")),
        sa.UniqueConstraint("bundle_id", "sequence", name=op.f("uq_letter_bundle_id_sequence")),
        sa.UniqueConstraint("public_id", name=op.f("uq_letter_public_id")),
        sa.UniqueConstraint(
            "signature_id", "target_id", name=op.f("uq_letter_signature_id_target_id")
        ),
    )
    op.create_index(op.f("ix_letter_target_id"), "letter", ["target_id"], unique=False)
    op.create_index(op.f("ix_letter_template_id"), "letter", ["template_id"], unique=False)
    op.create_index(
        "ix_letter_volume_id_sequence", "letter", ["volume_id", "sequence"], unique=False
    )
    op.create_table(
        "talking_point",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("required", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["letter_template.id"],
            name=op.f("fk_talking_point_template_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_talking_point")),
        sa.UniqueConstraint("template_id", "key", name=op.f("uq_talking_point_template_id_key")),
    )


def downgrade() -> None:
    """Back to nothing."""
    op.drop_table("talking_point")
    op.drop_index("ix_letter_volume_id_sequence", table_name="letter")
    op.drop_index(op.f("ix_letter_template_id"), table_name="letter")
    op.drop_index(op.f("ix_letter_target_id"), table_name="letter")
    op.drop_table("letter")
    op.drop_index("ix_volume_state_lease_until", table_name="volume")
    op.drop_table("volume")
    op.drop_table("update_edition")
    op.drop_index(
        "uq_letter_template_version_for_all",
        table_name="letter_template",
        sqlite_where=sa.text("target_id IS NULL"),
        postgresql_where=sa.text("target_id IS NULL"),
    )
    op.drop_table("letter_template")
    op.drop_index(op.f("ix_delivery_attempt_campaign_id"), table_name="delivery_attempt")
    op.drop_index(op.f("ix_delivery_attempt_bundle_id"), table_name="delivery_attempt")
    op.drop_table("delivery_attempt")
    op.drop_index(op.f("ix_update_campaign_id"), table_name="update")
    op.drop_table("update")
    op.drop_index(op.f("ix_target_official_id"), table_name="target")
    op.drop_index(op.f("ix_target_mission_id"), table_name="target")
    op.drop_table("target")
    op.drop_index("ix_signature_campaign_state", table_name="signature")
    op.drop_table("signature")
    op.drop_table("edition")
    op.drop_table("campaign_tally")
    op.drop_index(op.f("ix_bundle_mission_id"), table_name="bundle")
    op.drop_table("bundle")
    op.drop_index(op.f("ix_contact_detail_official_id"), table_name="contact_detail")
    op.drop_index(op.f("ix_contact_detail_mission_id"), table_name="contact_detail")
    op.drop_table("contact_detail")
    op.drop_index("ix_outbox_mail_state_due_at", table_name="outbox_mail")
    op.drop_index("ix_outbox_mail_recipient_hmac_created_at", table_name="outbox_mail")
    op.drop_table("outbox_mail")
    op.drop_index(op.f("ix_campaign_status"), table_name="campaign")
    op.drop_table("campaign")
    op.drop_table("staff_user")
    op.drop_index(op.f("ix_rate_limit_expires_at"), table_name="rate_limit")
    op.drop_table("rate_limit")
    op.drop_table("official")
    op.drop_index(op.f("ix_mission_source_id"), table_name="mission")
    op.drop_table("mission")
    op.drop_table("consent_wording")
    op.drop_table("audit_entry")
