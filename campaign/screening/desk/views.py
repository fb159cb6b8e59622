"""Every page of screening, on its two blueprints."""

from campaign.screening import fraud_views, invalidation_views, queue_views, working
from campaign.screening.desk import blueprint
from campaign.screening.rules_views import blueprint as rules

assert all((fraud_views, invalidation_views, queue_views, working))

__all__ = ["blueprint", "rules"]
