"""Makes the ONNX files that onnx.test.ts reads, with PyTorch's exporter, and what PyTorch says they compute.

Usage: python3 make.py (torch >= 1.13, < 2.9; the dynamo-free exporter writes the file without the onnx package)
"""

import json
import math
import pathlib

import torch
from torch import nn

here = pathlib.Path(__file__).parent
torch.manual_seed(0)


class Critic(nn.Module):
    """Views by size, layer norm, GELU, chunks, clamps, squashing: the shape arithmetic that exporters write."""

    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(6, 8), nn.LayerNorm(8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 12), nn.SiLU())
        self.batch = nn.BatchNorm1d(12)
        self.head = nn.Linear(6, 5)
        self.batch.running_mean.normal_()
        self.batch.running_var.uniform_(0.5, 2)

    def forward(self, observation, action):
        x = torch.cat([observation.view(observation.size(0), -1), action], dim=1)
        h = self.batch(self.trunk(x))
        mean, spread = h.reshape(h.shape[0], 2, 6).unbind(1)
        spread = torch.clamp(spread, -1.0, 0.5).exp()
        q = self.head(torch.tanh(mean) * spread)
        sorted_q, _ = torch.sort(q, dim=1)
        top = sorted_q[:, 1:4].mean(dim=1, keepdim=True)
        log_sum = torch.log_softmax(q, dim=1).max(dim=1)[0].unsqueeze(-1)
        wide = h.flatten(1)[:, ::2].pow(2).sum(1, keepdim=True).expand(-1, 2)
        return torch.cat([q, top, log_sum, wide / math.sqrt(2.0)], dim=1)


model = Critic().eval()
observation, action = torch.randn(4, 2, 2), torch.randn(4, 2)
for opset in (11, 13, 17):
    torch.onnx.export(
        model,
        (observation[:3], action[:3]),
        here / f"critic-{opset}.onnx",
        input_names=["observation", "action"],
        output_names=["q"],
        dynamic_axes={"observation": {0: "batch"}, "action": {0: "batch"}, "q": {0: "batch"}},
        opset_version=opset,
        do_constant_folding=opset != 13,
    )
with torch.no_grad():
    q = model(observation, action)
tensors = {"observation": observation, "action": action, "q": q}
(here / "critic.json").write_text(json.dumps({k: {"shape": list(t.shape), "data": t.flatten().tolist()} for k, t in tensors.items()}))
