"""What a policy would change before it does: two policies over the same households. Pure.

Only `generated` uses randomness, from a seed; nothing here reads a clock or a database.
"""
