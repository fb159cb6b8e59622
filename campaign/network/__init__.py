"""The urgent-action network: who wants to hear of new actions, and the mails they get."""
