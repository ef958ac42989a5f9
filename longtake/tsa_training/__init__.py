"""Training of the TSA network, which gives clips their suitability score (VTSS): by people's marks, or by graded defects."""
