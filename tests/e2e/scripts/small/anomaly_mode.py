import torch
from _q import circuit, weight

with torch.autograd.detect_anomaly():
    w = weight()
    circuit(w).backward()
print(w.grad)
