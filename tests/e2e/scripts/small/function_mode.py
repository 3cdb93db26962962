import torch
from _q import circuit, weight
from torch.overrides import TorchFunctionMode

seen = []


class Count(TorchFunctionMode):
    def __torch_function__(self, function, kinds, args=(), kwargs=None):
        seen.append(getattr(function, "__name__", str(function)))
        return function(*args, **(kwargs or {}))


w = weight()
with Count():
    loss = circuit(w) * 2
    loss.backward()
    torch.optim.SGD([w], lr=0.1).step()
print(len(seen), sorted(set(seen)))
