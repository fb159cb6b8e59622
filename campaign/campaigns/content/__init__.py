"""What a campaign says.

Drafts being typed, editions by language, revisions that are kept, updates, letters.
"""
