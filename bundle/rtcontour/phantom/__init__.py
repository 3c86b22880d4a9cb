"""Synthetic pelvis patients from a seed: anatomy, scanner, contouring habits, and their export."""

from rtcontour.phantom.data_set import write_data_set
from rtcontour.phantom.demo import run_demo
from rtcontour.phantom.export import write_patient
from rtcontour.phantom.pelvis import Phantom, draw_pelvis

__all__ = ["Phantom", "draw_pelvis", "run_demo", "write_data_set", "write_patient"]
