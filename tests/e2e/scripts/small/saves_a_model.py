import torch
from _q import circuit, weight

w = weight()
circuit(w).backward()
torch.save({"w": w, "grad": w.grad}, "model.pt")
print(torch.load("model.pt"))
