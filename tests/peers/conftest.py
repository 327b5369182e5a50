"""Comparisons with torch. It is a gigabyte that no one needs to use or test Cambrian, so it is not among the test pins:
these tests are collected where it is installed (with the benchmarks) and left out elsewhere.
"""

from importlib.util import find_spec

collect_ignore_glob = [] if find_spec("torch") else ["test_*.py"]
