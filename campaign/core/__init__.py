"""What everything stands on: database, sealing, settings, jobs, audit, clock, languages.

Knows no feature and no page. `audit` writes entries; staff read them in
`campaign.staff.audit_log`.
"""
