import torch
from _q import circuit, weight

out = circuit(weight())
torch.save(out.detach(), "out.pt")
print(torch.load("out.pt"))
