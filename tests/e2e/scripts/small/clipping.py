import torch
from _q import circuit, weight

w = weight()
(circuit(w) * 100).backward()
print(torch.nn.utils.clip_grad_norm_([w], 1.0), w.grad)
