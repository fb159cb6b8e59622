"""The urgent-action network.

Its members (memberships), what they are sent (mailings, digests) and the jobs that send it.
"""
