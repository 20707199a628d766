"""A distributor in four regions of Europe: a year of facts, made from a seed."""

from examples.regional_network.files import make, write
from examples.regional_network.network import generate
from examples.regional_network.sizes import Size

__all__ = ["Size", "generate", "make", "write"]
