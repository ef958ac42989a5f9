"""From what the camera does in numbers to what film people call it."""

LEAST_PAN = 0.01
"""Widths a second from which a turn to a side, up or down is a move: in four seconds the picture shifts by 4 %, which an eye sees as a slow drift."""
LEAST_ZOOM = 0.02
"""Change of scale a second: the edges, half a width off the middle, then move as fast as in the slowest pan."""
LEAST_ROLL = 1.0
"""Degrees a second: the edges then move nearly as fast as in the slowest pan."""
LEAST_SHAKE = 0.015
"""RMS widths a second."""
DECISION = 0.75
"""Share of the least speed at which the decision falls: what is at least as fast as the least is a move, what is half as fast is none, the middle is for errors."""
MODERATE = 1 / 14
"""Widths a second from which a pan is no longer slow: half of the seven-second rule, by which an object is to take seven seconds from edge to edge."""
FAST = 2 / 7
"""And from which it is fast: twice the seven-second rule."""
