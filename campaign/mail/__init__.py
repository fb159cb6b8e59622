"""Mails: one decorator per kind of message, an outbox in the database, a sender job."""
