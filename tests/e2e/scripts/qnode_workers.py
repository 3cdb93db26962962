"""QNodes in DataLoader workers, in a forked child, and in several threads one after another."""
import os
import random
import sys
import threading

import numpy as np
import pennylane as qml
import torch

random.seed(1), np.random.seed(1)
torch.set_num_threads(1)
dev = qml.device("default.qubit", wires=1)


@qml.qnode(dev, interface="torch", diff_method="parameter-shift")
def circuit(x):
    qml.RX(x, wires=0)
    return qml.expval(qml.PauliZ(0))


class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return circuit(torch.tensor(0.1 * i)).item()


if __name__ == "__main__":
    torch.manual_seed(1)
    print(circuit(torch.tensor(0.5)))
    for batch in torch.utils.data.DataLoader(Data(), batch_size=2, num_workers=2):
        print(batch)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        print("child", circuit(torch.tensor(0.2)), flush=True)
        os._exit(3)
    print(os.waitpid(child, 0)[1])
    for i in range(2):
        thread = threading.Thread(target=lambda: print(circuit(torch.tensor(0.3))))
        thread.start()
        thread.join()
    print(circuit(torch.tensor(0.6)))
