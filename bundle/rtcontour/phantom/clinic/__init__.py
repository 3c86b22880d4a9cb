"""A synthetic clinic: an ARIA-like export of invented patients, with defects planted at known places."""

from rtcontour.phantom.clinic.clinic import write_clinic

__all__ = ["write_clinic"]
