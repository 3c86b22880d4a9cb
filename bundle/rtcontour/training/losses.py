"""The losses that recipes name. They stand in `networks`, where networks with losses of their own need them too."""

from rtcontour.networks import merged_background_nll

__all__ = ["merged_background_nll"]
