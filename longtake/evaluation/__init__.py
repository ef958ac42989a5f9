"""How well films hold together: drift within a film, and the published benchmarks' arithmetic."""
