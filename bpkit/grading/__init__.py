"""Grading: student code runs in a jail, and only data comes out of it."""
