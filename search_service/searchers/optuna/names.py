"""The names of Optuna's samplers, told without importing Optuna."""

# What was measured changes what they propose.
ADAPTIVE = (
    "CmaEsSampler",
    "GPSampler",
    "NSGAIIISampler",
    "NSGAIISampler",
    "RandomSampler",
    "TPESampler",
)
# Their points follow one another, whatever was measured.
WALKING = ("BruteForceSampler", "GridSampler", "QMCSampler")
# One of the others, some of whose choices stay as they are told.
FIXING = "PartialFixedSampler"

SAMPLERS = tuple(sorted((*ADAPTIVE, *WALKING, FIXING)))
