"""What everything stands on: database, sealing, settings, jobs, audit, clock, languages."""
