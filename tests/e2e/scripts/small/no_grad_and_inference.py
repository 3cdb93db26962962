import torch
from _q import circuit, weight

w = weight()
with torch.no_grad():
    print(circuit(w).requires_grad)
with torch.inference_mode():
    print(circuit(torch.tensor(0.3)))
print(torch.is_grad_enabled())
