"""The moving-shapes world: drawn films with facts that are hidden for long, and a judge of what a film shows (G.3)."""
