"""What officials and missions answered: logged, redacted, published."""
