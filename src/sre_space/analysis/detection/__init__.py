"""Is something wrong, with whom, and since when? The tests behind Scout's alarms."""
