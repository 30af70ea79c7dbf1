"""Scoring: any images against real ones, in numbered shards that any number of processes share."""
