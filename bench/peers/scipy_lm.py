"""scipy.optimize.least_squares point by point, float64, analytic Jacobian, until it converges.

Usage: scipy_lm.py PROBLEM.json. Each line of input {"method": "lm", "from": i, "to": j} solves rows i to j and answers
{"seconds": …}; with {"solution": true} the answer also holds those rows.
"""

import json
import sys
import time

import numpy as np
import scipy
from scipy.optimize import least_squares

problem = json.load(open(sys.argv[1]))
d, k, n = problem["d"], problem["k"], problem["n"]
root = np.sqrt(problem["precision"])
(w1, w2, w3) = [np.array(layer["weight"], dtype=np.float64).reshape(layer["shape"]) for layer in problem["layers"]]
(b1, b2, b3) = [np.array(layer["bias"], dtype=np.float64) for layer in problem["layers"]]
start = np.array(problem["start"], dtype=np.float64).reshape(n, d)
targets = np.array(problem["targets"], dtype=np.float64).reshape(n, k)
identity = root * np.eye(d)


def solve(row, method):
    s, y = start[row], targets[row]

    def residual(x):
        z1 = x @ w1 + b1
        z2 = np.maximum(z1, 0) @ w2 + b2
        return np.concatenate([np.maximum(z2, 0) @ w3 + b3 - y, root * (x - s)])

    def jacobian(x):
        z1 = x @ w1 + b1
        z2 = np.maximum(z1, 0) @ w2 + b2
        return np.concatenate([(((w1 * (z1 > 0)) @ w2 * (z2 > 0)) @ w3).T, identity])

    return least_squares(residual, s, jacobian, method=method).x


for line in sys.stdin:
    request = json.loads(line)
    rows = range(request["from"], request["to"])
    begun = time.perf_counter()
    solutions = [solve(row, request["method"]) for row in rows]
    answer = {"seconds": time.perf_counter() - begun, "rows": len(rows), "version": scipy.__version__}
    if request.get("solution"):
        answer["solution"] = np.concatenate(solutions).tolist()
    print(json.dumps(answer), flush=True)
