"""Ratings by people: the page on which they grade contours, the file they save, and the tables made of it."""

from rtcontour.evaluation.rating.grades import GRADES, MODES, Rating, Ratings, Remark, WorkTime
from rtcontour.evaluation.rating.key import BlindSet, Study, StudyKey, read_key
from rtcontour.evaluation.rating.ratings_file import read_ratings
from rtcontour.evaluation.rating.study import write_rating_study
from rtcontour.evaluation.rating.tables import (
    Agreement,
    GradeRow,
    GradeTest,
    grade_tests,
    rating_table,
    reader_agreement,
    weighted_kappa,
)
from rtcontour.evaluation.rating.times import TimeRow, TimeTable, time_tables

__all__ = [
    "GRADES",
    "MODES",
    "Agreement",
    "BlindSet",
    "GradeRow",
    "GradeTest",
    "Rating",
    "Ratings",
    "Remark",
    "Study",
    "StudyKey",
    "TimeRow",
    "TimeTable",
    "WorkTime",
    "grade_tests",
    "rating_table",
    "read_key",
    "read_ratings",
    "reader_agreement",
    "time_tables",
    "weighted_kappa",
    "write_rating_study",
]
