"""The networks of the three published systems, one a file, and the loss functions they share."""

from rtcontour.networks.build import NETWORKS, build_network
from rtcontour.networks.merged_background import merged_background_nll
from rtcontour.networks.recomia_fcn import RecomiaFCN

__all__ = ["NETWORKS", "RecomiaFCN", "build_network", "merged_background_nll"]
