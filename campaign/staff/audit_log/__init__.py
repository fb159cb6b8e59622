"""The audit as staff read it: entries found, named and said in sentences.

Entries are written by `campaign.core.audit`.
"""
