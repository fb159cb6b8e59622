"""Letters: their contexts, placeholders, HTML, PDF and checks.

A pure package: it knows neither Flask nor the database, and it contains no natural language.
Every word that is printed arrives in a context, already in the reader's language.
"""
