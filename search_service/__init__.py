"""The domain and its truth: what a search is, where it is stored, how it runs. No torch, no Ray."""
