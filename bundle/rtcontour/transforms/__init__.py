"""MONAI dictionary transforms, one a file; the keys are "image" (1, i, j, k) HU and "label" (1, i, j, k) channels."""

from rtcontour.transforms.clean_labels import CleanLabelsd
from rtcontour.transforms.crop_middle import CropMiddled
from rtcontour.transforms.index_centres import IndexCentresd
from rtcontour.transforms.read_case import ReadCased
from rtcontour.transforms.read_scan import ReadScand, image_tensor
from rtcontour.transforms.resample import ResampleVoxelsd, image_spacing_mm, resample, voxel_ratios
from rtcontour.transforms.sample_patch import SamplePatchd
from rtcontour.transforms.save_labels import SaveLabelsd
from rtcontour.transforms.window_hu import WindowHud, window_hu
from rtcontour.transforms.write_structure_set import WriteStructureSetd

__all__ = [
    "CleanLabelsd",
    "CropMiddled",
    "IndexCentresd",
    "ReadCased",
    "ReadScand",
    "ResampleVoxelsd",
    "SamplePatchd",
    "SaveLabelsd",
    "WindowHud",
    "WriteStructureSetd",
    "image_spacing_mm",
    "image_tensor",
    "resample",
    "voxel_ratios",
    "window_hu",
]
