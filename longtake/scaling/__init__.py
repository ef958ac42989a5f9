"""Scaling laws: what they say, which runs they need, how they are fitted, and what to train on a budget."""
