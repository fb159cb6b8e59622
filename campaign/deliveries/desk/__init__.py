"""The desk's pages of deliveries; `delivery_views` is the page for the phone at the gate."""
