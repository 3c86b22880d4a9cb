"""From a folder of clinical exports to a data set: pairing, pseudonyms, splits, records, and the import itself."""

from rtcontour.datasets.cohort.archive_import import import_archive

__all__ = ["import_archive"]
