import torch
from _q import circuit
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(1)


class Data(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return torch.tensor(float(circuit(0.1 * index)))


if __name__ == "__main__":
    print([batch for batch in DataLoader(Data(), batch_size=2, shuffle=True, num_workers=1, multiprocessing_context="fork")])
    print(torch.rand(2))
