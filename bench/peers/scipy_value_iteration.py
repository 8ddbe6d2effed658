"""Value iteration with SciPy's sparse product, V <- max_a (r + P V), stopped by the same contraction bound as ours.

Reads little-endian files of a folder: offsets.i32 [pairs + 1], next.i32, weight.f64 (discounted, 0 where the episode ends), constant.f64 [pairs].
stdin: one JSON line {"folder", "states", "actions", "discount", "tolerance"} a run; stdout: one line {"seconds", "sweeps", "v": [first 16], ...}.
"""

import json
import sys
import time

import numpy as np
import scipy
from scipy.sparse import csr_matrix

held = {}


def load(folder, states, actions):
    if folder not in held:
        held.clear()
        offsets, following = (np.fromfile(f"{folder}/{name}.i32", np.int32) for name in ("offsets", "next"))
        weight, constant = (np.fromfile(f"{folder}/{name}.f64", np.float64) for name in ("weight", "constant"))
        held[folder] = csr_matrix((weight, following, offsets), shape=(states * actions, states)), constant
    return held[folder]


for line in sys.stdin:
    asked = json.loads(line)
    p, constant = load(asked["folder"], asked["states"], asked["actions"])
    discount, shape = asked["discount"], (asked["states"], asked["actions"])
    start, used = time.perf_counter(), time.process_time()
    v, sweeps, bound = np.zeros(shape[0]), 0, np.inf
    while bound > asked["tolerance"]:
        q = p @ v
        q += constant
        new = q.reshape(shape).max(axis=1)
        bound = discount / (1 - discount) * np.abs(new - v).max()
        v = new
        sweeps += 1
    seconds, processor = time.perf_counter() - start, time.process_time() - used
    print(
        json.dumps(
            {
                "seconds": seconds,
                "processor": processor,
                "sweeps": sweeps,
                "v": v[:16].tolist(),
                "numpy": np.__version__,
                "scipy": scipy.__version__,
            }
        ),
        flush=True,
    )
