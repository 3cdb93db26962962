import torch
from _q import circuit, weight

w = weight()
optimizer = torch.optim.SGD([w], lr=0.5)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
for _ in range(3):
    optimizer.zero_grad()
    circuit(w).backward()
    optimizer.step()
    scheduler.step()
    print(scheduler.get_last_lr(), w)
