"""Statistical tests, bounds and summaries that detection and diagnosis share: they know no symptom and no cause."""
