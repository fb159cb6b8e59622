"""Every model, imported once, so that the database's metadata is whole."""

import campaign.accounts.models
import campaign.audit
import campaign.bundles.models
import campaign.bundles.print_models
import campaign.campaigns.models
import campaign.campaigns.proposal_models
import campaign.campaigns.revision_models
import campaign.campaigns.tally_models
import campaign.campaigns.template_models
import campaign.deliveries.models
import campaign.exports.models
import campaign.following.models
import campaign.mail.models
import campaign.network.models
import campaign.officials.import_models
import campaign.officials.models
import campaign.overview.models
import campaign.paper.models
import campaign.replies.models
import campaign.screening.models
import campaign.security
import campaign.signing.hold_models
import campaign.signing.models
import campaign.signing.work_models  # noqa: F401
