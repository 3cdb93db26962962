"""Imported by the scripts here: prints the final state of the random streams, grad mode, filters and error state."""
import atexit
import hashlib
import random
import sys
import warnings


def show():
    import numpy as np

    digest = [hashlib.sha256(repr(random.getstate()).encode()).hexdigest()[:16]]
    state = np.random.get_state()
    digest.append(hashlib.sha256(state[1].tobytes() + repr(state[2:]).encode()).hexdigest()[:16])
    if "torch" in sys.modules:
        import torch

        digest.append(hashlib.sha256(torch.get_rng_state().numpy().tobytes()).hexdigest()[:16])
        digest.append((torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads()))
    print("fate", digest, np.geterr(), len(warnings.filters), warnings.showwarning.__module__)


atexit.register(show)
