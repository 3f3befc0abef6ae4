"""`python -m netminer_detect` is the command line."""

from netminer_detect.cli import command

command()
