"""Letters, cards, lists and envelopes to PDF. Knows neither Flask nor the database.

It holds no natural language: every word that is printed arrives in `printed_content` or in a
sheet's own context. `print_letters` is what bundles call; sizes of paper, windows and labels are
in `geometry`.
"""
