"""Synthetic patients from a seed, pelvis or head and neck: anatomy, scanner, contouring habits, and their export."""

from rtcontour.phantom.clinic import write_clinic
from rtcontour.phantom.data_set import write_data_set
from rtcontour.phantom.demo import run_demo
from rtcontour.phantom.export import write_patient
from rtcontour.phantom.head_neck import draw_head_neck
from rtcontour.phantom.head_painter import HEAD_NECK_28
from rtcontour.phantom.pelvis import draw_pelvis
from rtcontour.phantom.phantom import Phantom

__all__ = [
    "HEAD_NECK_28",
    "Phantom",
    "draw_head_neck",
    "draw_pelvis",
    "run_demo",
    "write_clinic",
    "write_data_set",
    "write_patient",
]
