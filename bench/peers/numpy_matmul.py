"""NumPy's matrix-product rate in float32. Each line of input {"m": …, "q": …, "r": …} runs once and answers {"seconds": …}."""

import json
import sys
import time

import numpy as np

held = {}
for line in sys.stdin:
    request = json.loads(line)
    m, q, r = request["m"], request["q"], request["r"]
    if (m, q, r) not in held:
        random = np.random.default_rng(0)
        held[m, q, r] = [random.random(shape, dtype=np.float32) for shape in ((m, q), (q, r))] + [np.empty((m, r), dtype=np.float32)]
    a, b, out = held[m, q, r]
    begun = time.perf_counter()
    np.matmul(a, b, out=out)
    print(json.dumps({"seconds": time.perf_counter() - begun, "version": np.__version__}), flush=True)
