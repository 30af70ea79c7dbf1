"""The cluster: Ray actors that measure."""
