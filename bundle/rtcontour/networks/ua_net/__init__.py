"""Ua-Net of Tang 2019: finds the box of every organ first, then delineates inside the boxes only."""

from rtcontour.networks.ua_net.anchors import PAPER_ANCHORS, fit_anchors, placed_recall, shape_share
from rtcontour.networks.ua_net.ua_net import PHASES, Detections, UaNet

__all__ = ["PAPER_ANCHORS", "PHASES", "Detections", "UaNet", "fit_anchors", "placed_recall", "shape_share"]
