"""Intensity, direction and timing of the micro-motion, by projection on the motion of the reference."""
