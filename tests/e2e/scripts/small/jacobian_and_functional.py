import torch
from _q import circuit, weight

print(torch.autograd.functional.jacobian(circuit, weight()))
print(torch.autograd.gradcheck(circuit, torch.tensor(0.3, dtype=torch.float64, requires_grad=True)))
