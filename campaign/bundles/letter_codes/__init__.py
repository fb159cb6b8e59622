"""That a letter is among those of a bundle, and how many they are, for anybody to check.

`hash_tree` is the arithmetic, `proof_file` what is printed, handed out and checked without a
database. `stored_codes` is what a bundle keeps of its letters for that (ADR 26).
"""
