"""The page of the plot: inches, and borders as shares of it."""

SIZE = (11.0, 7.8)  # inches
DPI = 150
LEFT, RIGHT, BOTTOM, TOP = 0.075, 0.98, 0.08, 0.89
TITLE, CAPTION = 0.96, 0.92
GAP = 0.05  # of the figure's height, between images and points
