"""Every table, a file a noun, imported once so that the database's metadata is whole.

All packages above read tables through these classes, each other's too. `campaign` has targets,
editions and updates; `signature` letters and consents; `bundle` volumes, deliveries and what
waits; `bundle_print` what was printed and which sheets travel; `delivery` visits, envelopes and
letters that went elsewhere; `review_hold` letters under review, `screening` what was decided on
them; `statistics` what was counted; `about` what the organization says of itself. A name in quotes
is a class that comes later.

The outbox is in `campaign.mail.models`, audit entries in `campaign.core.audit`, rate limits in
`campaign.core.rate_limits`.
"""

import campaign.core.audit
import campaign.core.rate_limits
import campaign.mail.models
import campaign.models.about
import campaign.models.bundle
import campaign.models.bundle_print
import campaign.models.campaign
import campaign.models.delivery
import campaign.models.directory
import campaign.models.directory_import
import campaign.models.export
import campaign.models.file_approval
import campaign.models.letter_template
import campaign.models.network
import campaign.models.notice
import campaign.models.paper_signature
import campaign.models.proposal
import campaign.models.reply
import campaign.models.review_hold
import campaign.models.revision
import campaign.models.screening
import campaign.models.signature
import campaign.models.staff
import campaign.models.statistics  # noqa: F401
