"""Pages on which people join the network, change what they get, and leave.

`desk_views` is the network's part of a campaign's page at the desk.
"""
