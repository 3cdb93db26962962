import torch
from _q import circuit

for dtype in (torch.float16, torch.bfloat16):
    try:
        w = torch.tensor(0.3, dtype=dtype, requires_grad=True)
        value = circuit(w)
        value.backward()
        print(value, w.grad)
    except Exception as error:
        print(type(error).__name__)
