"""Statistics of scores: descriptions, paired tests, pass rates and agreement of volumes."""

from rtcontour.evaluation.statistics.agreement import BlandAltman, bland_altman
from rtcontour.evaluation.statistics.describe import Description, describe
from rtcontour.evaluation.statistics.paired import PairedT, PairedTest, holm, paired_t, percent_change, wilcoxon
from rtcontour.evaluation.statistics.pass_rates import PassRate, pass_rates, shares, wilson_interval
from rtcontour.evaluation.statistics.tolerances import Limit, Tolerances, read_tolerances

__all__ = [
    "BlandAltman",
    "Description",
    "Limit",
    "PairedT",
    "PairedTest",
    "PassRate",
    "Tolerances",
    "bland_altman",
    "describe",
    "holm",
    "paired_t",
    "pass_rates",
    "percent_change",
    "read_tolerances",
    "shares",
    "wilcoxon",
    "wilson_interval",
]
