"""The networks of the three published systems, one a file, and the loss functions they share."""

from rtcontour.networks.build import build_network, network_name
from rtcontour.networks.dpn_unet import DpnUNet
from rtcontour.networks.merged_background import merged_background_nll
from rtcontour.networks.recomia_fcn import RecomiaFCN
from rtcontour.networks.soft_dice import merged_background_nll_and_dice, soft_dice_loss
from rtcontour.networks.ua_net import UaNet, fit_anchors, placed_recall, shape_share
from rtcontour.networks.ua_net.boxes import truth_boxes

__all__ = [
    "DpnUNet",
    "RecomiaFCN",
    "UaNet",
    "build_network",
    "fit_anchors",
    "merged_background_nll",
    "merged_background_nll_and_dice",
    "network_name",
    "placed_recall",
    "shape_share",
    "soft_dice_loss",
    "truth_boxes",
]
