"""The page of the plot: inches, and borders as shares of it."""

SIZE = (11.0, 7.8)  # inches
DPI = 150
LEFT, RIGHT, BOTTOM, TOP = 0.075, 0.98, 0.115, 0.89
LEGEND = 0.005  # its lower edge, below the axis and its name
TITLE, CAPTION = 0.96, 0.92
GAP = 0.05  # of the figure's height, between images and points
