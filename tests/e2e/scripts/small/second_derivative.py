import torch
from _q import circuit, weight

w = weight()
(first,) = torch.autograd.grad(circuit(w), w, create_graph=True)
(second,) = torch.autograd.grad(first, w)
print(first, second)
