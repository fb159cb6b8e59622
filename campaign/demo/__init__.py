"""The demo: four cases in three languages, and invented people who sign them."""
