"""Data sets on disk: NIfTI images and label maps, datalist.json, and what a recipe's channels mean in them."""

from rtcontour.datasets.channels import (
    Channel,
    annotated_channels,
    apply_label_values,
    label_values,
    map_labels,
    recipe_channels,
)
from rtcontour.datasets.data_set import SPLITS, Case, DataSet
from rtcontour.datasets.datalist import DATALIST, read_datalist, write_datalist
from rtcontour.datasets.items import monai_items
from rtcontour.datasets.label_map import merge_masks
from rtcontour.datasets.label_names import LABEL_NAMES, read_label_names, write_label_names
from rtcontour.datasets.masks_folder import MASKS_INDEX, export_masks, import_masks, read_masks
from rtcontour.datasets.nifti import (
    NIFTI_SUFFIXES,
    nifti_files,
    read_grid,
    read_image,
    read_labels,
    stem_of,
    write_image,
    write_labels,
    write_mask,
)

__all__ = [
    "DATALIST",
    "LABEL_NAMES",
    "MASKS_INDEX",
    "NIFTI_SUFFIXES",
    "SPLITS",
    "Case",
    "Channel",
    "DataSet",
    "annotated_channels",
    "apply_label_values",
    "export_masks",
    "import_masks",
    "label_values",
    "map_labels",
    "merge_masks",
    "monai_items",
    "nifti_files",
    "read_datalist",
    "read_grid",
    "read_image",
    "read_label_names",
    "read_labels",
    "read_masks",
    "recipe_channels",
    "stem_of",
    "write_datalist",
    "write_image",
    "write_label_names",
    "write_labels",
    "write_mask",
]
