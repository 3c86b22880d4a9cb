"""What may be compared, found and read: data sets, label maps, masks, structure sets."""

from rtcontour.evaluation.inputs.case import CaseFiles, ContouredCase
from rtcontour.evaluation.inputs.cases import image_beside_segmentations, is_data_set, list_cases
from rtcontour.evaluation.inputs.describe import describe_grid, tell_apart
from rtcontour.evaluation.inputs.image import check_image, read_hu
from rtcontour.evaluation.inputs.methods import name_methods
from rtcontour.evaluation.inputs.pairs import Pair, pair_cases, share_images
from rtcontour.evaluation.inputs.read import Structures, read_case
from rtcontour.evaluation.inputs.reading import Reading, read_pair
from rtcontour.evaluation.inputs.resample import has_same_voxels, resample_mask

__all__ = [
    "CaseFiles",
    "ContouredCase",
    "Pair",
    "Reading",
    "Structures",
    "check_image",
    "describe_grid",
    "has_same_voxels",
    "image_beside_segmentations",
    "is_data_set",
    "list_cases",
    "name_methods",
    "pair_cases",
    "read_case",
    "read_hu",
    "read_pair",
    "resample_mask",
    "share_images",
    "tell_apart",
]
