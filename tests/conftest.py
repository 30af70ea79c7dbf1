"""What every test shares: Hypothesis without a clock, which busy machines would trip over."""

from hypothesis import settings

settings.register_profile("gansearch", deadline=None)
settings.load_profile("gansearch")
