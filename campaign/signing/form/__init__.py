"""The steps Write, You, Check, Sign: forms, views, and what is wrong with an input."""
