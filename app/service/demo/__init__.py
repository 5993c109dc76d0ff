"""Demonstration data: believable threats around real cities, all made up, and a few incidents of them."""

from app.service.demo.fill import THREATS, Filled, fill
from app.service.demo.lagos import EXAMPLE

__all__ = ["EXAMPLE", "THREATS", "Filled", "fill"]
