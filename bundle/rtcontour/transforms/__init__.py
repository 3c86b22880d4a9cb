"""MONAI dictionary transforms, one a file; the keys are "image" (1, i, j, k) HU and "label" (1, i, j, k) channels."""

from rtcontour.transforms.augmentation import Augmentation
from rtcontour.transforms.clean_labels import CleanLabelsd
from rtcontour.transforms.crop_middle import CropMiddled
from rtcontour.transforms.draw import Draw
from rtcontour.transforms.index_centres import IndexCentresd
from rtcontour.transforms.read_case import ReadCased
from rtcontour.transforms.read_scan import ReadScand, image_tensor
from rtcontour.transforms.resample import image_spacing_mm, resample, voxel_ratios
from rtcontour.transforms.sample_patch import SamplePatchd
from rtcontour.transforms.save_labels import SaveLabelsd
from rtcontour.transforms.warp_on_device import WarpOnDevice
from rtcontour.transforms.window_hu import WindowHud, window_hu
from rtcontour.transforms.write_structure_set import WriteStructureSetd

__all__ = [
    "Augmentation",
    "CleanLabelsd",
    "CropMiddled",
    "Draw",
    "IndexCentresd",
    "ReadCased",
    "ReadScand",
    "SamplePatchd",
    "SaveLabelsd",
    "WarpOnDevice",
    "WindowHud",
    "WriteStructureSetd",
    "image_spacing_mm",
    "image_tensor",
    "resample",
    "voxel_ratios",
    "window_hu",
]
