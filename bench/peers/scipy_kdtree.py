"""Seconds of scipy.spatial.cKDTree on one core: built over the columns, then asked for the nearest of every target (and for the two nearest, where told).

argv: columns and targets as float64 files, heads, file for the answers (int32), "two" or "one"; stdout: JSON of processor seconds.
"""

import json
import sys
import time

import numpy as np
import scipy
from scipy.spatial import cKDTree

columns, targets, heads, answers, asked = sys.argv[1:]
points = np.fromfile(columns).reshape(-1, int(heads))
queries = np.fromfile(targets).reshape(-1, int(heads))
start = time.process_time()
tree = cKDTree(points)
built = time.process_time()
_, nearest = tree.query(queries, k=1, workers=1)
done = time.process_time()
two = None
if asked == "two":
    tree.query(queries, k=2, workers=1)
    two = time.process_time() - done
nearest.astype(np.int32).tofile(answers)
json.dump({"build": built - start, "one": done - built, "two": two, "version": scipy.__version__}, sys.stdout)
