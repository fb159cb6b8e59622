"""What happens to bundles once they leave the house: the gate, envelopes, another mission."""
