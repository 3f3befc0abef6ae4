"""Turns work into rates and rates into power: how long was mined, how sure a rate is, what it costs in watts.

Nothing here reads files or sees messages; the efficiencies come from `data_files` by way of the caller.
"""
