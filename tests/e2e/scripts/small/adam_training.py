import torch
from _q import circuit

torch.manual_seed(0)
w = torch.rand(3, requires_grad=True)
optimizer = torch.optim.Adam([w], lr=0.05)
for _ in range(3):
    optimizer.zero_grad()
    loss = sum(circuit(x) for x in w)
    loss.backward()
    optimizer.step()
    print(loss.item(), w.tolist())
