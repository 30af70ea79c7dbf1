"""The nouns: frozen values and pure functions of arrays."""
