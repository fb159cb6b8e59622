"""The urgent action network: its members, and what they are emailed about.

`memberships` is who is in it, `mailings` what it is told of, at once or once a week or a month;
`mails` has the words.
"""
