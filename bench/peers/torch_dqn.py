"""One DQN update in PyTorch: 2 x 256 ReLU, Huber loss, Adam, gradient clipping, Polyak target. The batch is drawn before.

Usage: torch_dqn.py. Each line of input {"threads": t, "updates": n, "sizes": [o, h, h, a], "batch": b, "clip": c} answers {"seconds": ...};
"clip" may be null.
"""

import copy
import json
import sys
import time

import torch


def make(sizes):
    layers = []
    for i in range(len(sizes) - 1):
        layers.append(torch.nn.Linear(sizes[i], sizes[i + 1]))
        if i + 2 < len(sizes):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


held = {}
for line in sys.stdin:
    request = json.loads(line)
    torch.set_num_threads(request["threads"])
    sizes, batch, clip = request["sizes"], request["batch"], request.get("clip")
    key = json.dumps([sizes, batch])
    if key not in held:
        torch.manual_seed(0)
        online = make(sizes)
        target = copy.deepcopy(online)
        optimiser = torch.optim.Adam(online.parameters(), 1e-3, **({"foreach": True} if request.get("foreach") else {}))
        data = [torch.randn(batch, sizes[0]), torch.randint(sizes[-1], (batch, 1)), torch.randn(batch, 1), torch.full((batch, 1), 0.99)]
        held[key] = online, target, optimiser, data, torch.randn(batch, sizes[0])
    online, target, optimiser, (observations, actions, returns, discounts), following = held[key]
    begun = time.perf_counter()
    for _ in range(request["updates"]):
        with torch.no_grad():
            best = online(following).argmax(1, keepdim=True)
            y = returns + discounts * target(following).gather(1, best)
        loss = torch.nn.functional.smooth_l1_loss(online(observations).gather(1, actions), y)
        optimiser.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(online.parameters(), clip)
        optimiser.step()
        with torch.no_grad():
            for p, q in zip(target.parameters(), online.parameters()):
                p.lerp_(q, 0.01)
    print(json.dumps({"seconds": time.perf_counter() - begun, "version": torch.__version__}), flush=True)
