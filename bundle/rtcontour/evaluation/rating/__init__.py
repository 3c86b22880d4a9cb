"""Ratings by people: the page on which they grade contours, the file they save, and the tables made of it."""
