import torch
from _q import circuit

try:
    print(torch.func.grad(circuit)(torch.tensor(0.3)))
    print(torch.func.vmap(circuit)(torch.tensor([0.1, 0.2])))
except Exception as error:
    print(type(error).__name__)
