import dataclasses

import torch
from _q import circuit, weight


@dataclasses.dataclass
class Config:
    lr: float = 0.1
    steps: int = 3


config, w = Config(), weight()
optimizer = torch.optim.SGD([w], lr=config.lr)
for _ in range(config.steps):
    optimizer.zero_grad()
    circuit(w).backward()
    optimizer.step()
print(config, w)
