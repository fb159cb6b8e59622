"""What is done with a bundle afterwards.

Remade after withdrawals, printed again, released, restored, cancelled.
"""
