import torch
from _q import circuit

torch.set_default_dtype(torch.float64)
w = torch.tensor(0.3, requires_grad=True)
circuit(w).backward()
print(w.grad, torch.get_default_dtype())
