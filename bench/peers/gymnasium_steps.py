"""Gymnasium's own rate of steps: single environments as `gymnasium.make` gives them, and its synchronous vector.

Each line of input {"id": "CartPole-v1", "copies": n, "steps": s} answers {"seconds": …, "steps": total}; copies 1 is the plain environment.
Actions are drawn beforehand, ends of episodes are followed by resets.
"""

import json
import sys
import time

import gymnasium
import numpy as np

for line in sys.stdin:
    request = json.loads(line)
    copies, steps = request["copies"], request["steps"]
    rng = np.random.default_rng(0)
    if copies == 1:
        environment = gymnasium.make(request["id"])
        environment.reset(seed=0)
        actions = [int(a) for a in rng.integers(0, environment.action_space.n, steps)]
        begun = time.perf_counter()
        for action in actions:
            _, _, terminated, truncated, _ = environment.step(action)
            if terminated or truncated:
                environment.reset()
        seconds = time.perf_counter() - begun
    else:
        environment = gymnasium.make_vec(request["id"], num_envs=copies, vectorization_mode=request.get("mode", "sync"))
        environment.reset(seed=0)
        actions = rng.integers(0, environment.single_action_space.n, (steps, copies))
        begun = time.perf_counter()
        for row in actions:
            environment.step(row)
        seconds = time.perf_counter() - begun
    environment.close()
    print(json.dumps({"seconds": seconds, "steps": steps * copies, "version": gymnasium.__version__}), flush=True)
