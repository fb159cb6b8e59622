"""Every table, a file a noun, imported once so that the database's metadata is whole.

All packages above read tables through these classes, each other's too. `campaign` has targets,
editions, letter templates and updates; `revision` what authors keep and propose; `signature`
letters and consents; `bundle` volumes, prints, deliveries and what waits; `delivery` visits,
envelopes and letters that went elsewhere; `directory` the files that staff import; `export` leave
to fetch files; `api_token` tokens of other programs, `webhook` those that are told, `crm` what goes
to and comes from them; `screening` letters under review; `statistics` what was counted; `about`
what the organization says of itself; `alarm` what is wrong with the instance. A name in quotes is a
class that comes later.

The outbox is in `campaign.mail.messages`, audit entries in `campaign.core.audit`, rate limits in
`campaign.core.rate_limits`.
"""

import campaign.core.audit
import campaign.core.rate_limits
import campaign.mail.messages
import campaign.models.about
import campaign.models.alarm
import campaign.models.api_token
import campaign.models.bundle
import campaign.models.campaign
import campaign.models.crm
import campaign.models.delivery
import campaign.models.directory
import campaign.models.export
import campaign.models.network
import campaign.models.notice
import campaign.models.paper_signature
import campaign.models.reply
import campaign.models.revision
import campaign.models.screening
import campaign.models.signature
import campaign.models.staff
import campaign.models.statistics
import campaign.models.webhook  # noqa: F401
