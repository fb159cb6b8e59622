"""What everything stands on: database, sealing, settings, jobs, audit, i18n.

Knows no feature and no page.
"""
