"""Statistics of scores: descriptions, paired tests, pass rates and agreement of volumes."""
