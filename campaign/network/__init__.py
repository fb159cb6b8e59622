"""The urgent action network: its members, and what they are emailed about.

`memberships` is who is in it. `mailings` is what the network is told of, and who is told.
`send_mailings` tells those who hear at once; `digests` those who hear once a week or a month.
`mails` has the words; `jobs` what sets all off.
"""
