"""Owl-1: long, consistent films by a closed loop of state, film and dynamics."""
