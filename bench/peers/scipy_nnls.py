"""Seconds a target of scipy.optimize.nnls on one core: min ‖M p − q‖ over p ≥ 0 with Σ p = 1 as a further, heavy equation, every state a candidate.

argv: columns and targets as float64 files, heads; stdout: JSON of processor seconds a target and the largest distance left.
"""

import json
import sys
import time

import numpy as np
import scipy
from scipy.optimize import nnls

columns, targets, heads = sys.argv[1:]
points = np.fromfile(columns).reshape(-1, int(heads)).T
queries = np.fromfile(targets).reshape(-1, int(heads))
weight = 1e3 * np.abs(points).max()
matrix = np.vstack([points, np.full(points.shape[1], weight)])
start = time.process_time()
worst = 0.0
supports = []
for query in queries:
    p, _ = nnls(matrix, np.append(query, weight))
    worst = max(worst, float(np.linalg.norm(points @ p - query)))
    supports.append(int((p > 1e-9).sum()))
seconds = time.process_time() - start
json.dump({"seconds": seconds / len(queries), "worst": worst, "states": float(np.mean(supports)), "version": scipy.__version__}, sys.stdout)
