"""Finds machines that mine cryptocurrency by what they say on the network."""

__version__ = "0.1.0"
