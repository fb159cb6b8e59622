"""Every page of screening, on its two blueprints."""

from campaign.screening import invalidation_job
from campaign.screening.desk import fraud_views, invalidation_views, queue_views
from campaign.screening.desk.blueprint import blueprint
from campaign.screening.desk.rules_views import blueprint as rules

assert all((fraud_views, invalidation_views, queue_views, invalidation_job))

__all__ = ["blueprint", "rules"]
