"""Batched Levenberg-Marquardt in PyTorch, 10 steps, forward-mode Jacobian written out as matrix products.

Usage: torch_lm.py PROBLEM.json. Each line of input {"threads": t} runs once and answers {"seconds": …};
with {"solution": true} the answer also holds the solution, row by row.
"""

import json
import sys
import time

import torch

problem = json.load(open(sys.argv[1]))
d, k, n, precision = problem["d"], problem["k"], problem["n"], problem["precision"]
weights = [torch.tensor(layer["weight"], dtype=torch.float32).reshape(layer["shape"]) for layer in problem["layers"]]
biases = [torch.tensor(layer["bias"], dtype=torch.float32) for layer in problem["layers"]]
start = torch.tensor(problem["start"], dtype=torch.float32).reshape(n, d)
targets = torch.tensor(problem["targets"], dtype=torch.float32).reshape(n, k)
width = weights[1].shape[0]
identity = torch.eye(d)


def evaluate(x):
    z1 = x @ weights[0] + biases[0]
    z2 = torch.relu(z1) @ weights[1] + biases[1]
    v = torch.relu(z2) @ weights[2] + biases[2]
    t = weights[0][None] * (z1 > 0)[:, None, :]
    t = (t.reshape(n * d, width) @ weights[1]).reshape(n, d, width) * (z2 > 0)[:, None, :]
    jacobian = (t.reshape(n * d, width) @ weights[2]).reshape(n, d, k)
    r, dx = v - targets, x - start
    cost = (r * r).sum(1) + precision * (dx * dx).sum(1)
    normal = jacobian @ jacobian.transpose(1, 2) + precision * identity
    gradient = (jacobian @ r[:, :, None])[:, :, 0] + precision * dx
    return cost, gradient, normal


@torch.no_grad()
def solve():
    x = start.clone()
    cost, gradient, normal = evaluate(x)
    damping = torch.full((n,), 1e-2)
    for _ in range(10):
        factor = torch.linalg.cholesky(normal + damping[:, None, None] * identity)
        trial = x - torch.cholesky_solve(gradient[:, :, None], factor)[:, :, 0]
        cost2, gradient2, normal2 = evaluate(trial)
        better = cost2 < cost
        x = torch.where(better[:, None], trial, x)
        cost = torch.where(better, cost2, cost)
        gradient = torch.where(better[:, None], gradient2, gradient)
        normal = torch.where(better[:, None, None], normal2, normal)
        damping = torch.where(better, damping * 0.3, damping * 4)
    return x


for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    begun = time.perf_counter()
    x = solve()
    answer = {"seconds": time.perf_counter() - begun, "rows": n, "version": torch.__version__}
    if request.get("solution"):
        answer["solution"] = x.flatten().tolist()
    print(json.dumps(answer), flush=True)
