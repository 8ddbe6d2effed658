"""Seconds a (state, action) pair of numpy.linalg.pinv(M) @ q, done anew for each pair, as World Value Functions recovers transitions.

stdin: JSON {"columns": [[...] a state], "targets": [[...] a pair]}; stdout: JSON {"secondsPerPair", "nearest", "version"}.
"""

import json
import sys
import time

import numpy as np

given = json.load(sys.stdin)
m = np.asarray(given["columns"]).T
targets = np.asarray(given["targets"])
np.linalg.pinv(m)
nearest = []
start = time.perf_counter()
for q in targets:
    nearest.append(int(np.argmax(np.linalg.pinv(m) @ q)))
seconds = (time.perf_counter() - start) / len(targets)
json.dump({"secondsPerPair": seconds, "nearest": nearest, "version": np.__version__}, sys.stdout)
