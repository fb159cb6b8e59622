"""What lies beside the letters: cover letter, lists, manifest, readme; and verifying a bundle."""
