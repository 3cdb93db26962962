import torch
from _q import circuit, weight

w = weight(1.0)
optimizer = torch.optim.LBFGS([w], max_iter=4)


def closure():
    optimizer.zero_grad()
    loss = circuit(w)
    loss.backward()
    return loss


print(optimizer.step(closure), w)
