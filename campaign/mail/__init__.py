"""Emails: a class for each kind, an outbox in the database, a job that sends it.

`messages` has their base and the outbox, `sender` the job, `transports` how it leaves. Each feature
has its own kinds in its `mails`; the words of all are in `templates/mail/`. `bad_addresses`
remembers what comes back: as a mail (`bounce_reports`, taken by `mailboxes` from a Maildir or by
`imap`), or told by a provider (`bounce_webhooks`, `bounce_views`).
"""
