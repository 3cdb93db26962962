"""Twin runs, inside the script's process: make the one change, and keep parameters, gradients and kinks step by step.

Nothing here draws from the script's random streams, and nothing raises into the script: what cannot be done is noted.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import pickle
import random
import sys
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, Optional

import numpy as np

from qdiag.recording import frames, optimizer_steps
from qdiag.trace import twin_steps, twin_variation

SGD_RATE = 5.0
"""Adam's steps are as long as its learning rate, whatever the gradient; plain descent needs a larger one to move as far."""

MOST_KINK_BYTES = 1 << 16
"""Bits kept of one step's kinks."""

_RECTIFIERS = frozenset({"ReLU", "ReLU6", "LeakyReLU", "PReLU", "RReLU", "Hardtanh", "Threshold"})

_twin: Optional[Twin] = None


def install(module: ModuleType, trace: str) -> None:
    """Make the changes in a framework that the script has just imported; nothing where the run is no twin."""
    global _twin
    if _twin is None:
        change = twin_variation.load(Path(trace))
        if change is None:
            return
        _twin = Twin(change, Path(trace))
    if module.__name__ == "torch":
        _twin.change_torch(module)
    else:
        _twin.change_pennylane(module)


class Twin:
    """The run of one variation.

    Parameters
    ----------
    change
        What is to be changed.
    trace
        The run's trace.
    """

    def __init__(self, change: twin_variation.Variation, trace: Path) -> None:
        self.change = change
        self.home = os.getpid()
        self._writer = twin_steps.StepsWriter(twin_steps.path_for(trace))
        self._before = _streams()
        self._optimizers: list[Any] = []
        self._known: dict[int, int] = {}
        self._called = False
        self._started = False
        self._kinks: list[tuple[str, np.ndarray]] = []
        self._kink_bytes = 0
        self._names: dict[int, str] = {}
        self._losses: set[str] = set()
        self._noted: set[str] = set()

    def _attempt(self, work: Callable[..., Any], *values: Any) -> Any:
        if os.getpid() != self.home:
            return None
        try:
            return work(*values)
        except Exception as error:
            text = f"{type(error).__name__}: {error}".split("\n")[0][:300]
            if text not in self._noted:
                self._noted.add(text)
                self._writer.write("note", {"text": text})
            return None

    # --- PennyLane -----------------------------------------------------------------------------------------------------

    def change_pennylane(self, module: Any) -> None:
        """Take the place of the QNode's construction and of its call."""
        kind = module.QNode
        if self.change.diff_method:
            kind.__init__ = self._built_otherwise(kind.__init__)
        kind.__call__ = self._called_otherwise(kind.__call__)

    def _built_otherwise(self, original: Any) -> Any:
        signature = inspect.signature(original)

        @functools.wraps(original)
        def build(*args: Any, **kwargs: Any) -> None:
            try:
                bound = signature.bind(*args, **kwargs)
                bound.arguments["diff_method"] = self.change.diff_method
                args, kwargs = bound.args, bound.kwargs
            except TypeError:
                pass
            original(*args, **kwargs)

        return frames.hide_frames(build)

    def _called_otherwise(self, original: Any) -> Any:
        widen = self.change.qnode_float64 or self.change.all_float64

        @functools.wraps(original)
        def call(qnode: Any, *args: Any, **kwargs: Any) -> Any:
            self._attempt(self._begin)
            if not self._called:
                self._called = True
                self._attempt(self._first_call)
            if widen:
                args = tuple(_in_double_precision(value) for value in args)
                kwargs = {name: _in_double_precision(value) for name, value in kwargs.items()}
            return original(qnode, *args, **kwargs)

        return frames.hide_frames(call)

    def _first_call(self) -> None:
        now = _streams()
        streams = [(name, digest, digest != self._before.get(name)) for name, digest in now.items()]
        self._writer.write("streams", {"streams": streams})

    # --- torch ---------------------------------------------------------------------------------------------------------

    def change_torch(self, torch: Any) -> None:
        """Watch optimisers and modules, and put other optimisers and losses in place of the script's."""
        self._before.setdefault("torch", _streams()["torch"])
        if self.change.plain_sgd:
            self._replace_optimizers(torch)
        if self.change.loss:
            self._replace_loss(torch)
        base = torch.optim.Optimizer
        base.__init__ = self._optimizer_made(base.__init__)
        hooks = sys.modules["torch.nn.modules.module"]
        hooks.register_module_forward_pre_hook(self._module_begins)
        hooks.register_module_forward_hook(self._module_ran)

    def _replace_optimizers(self, torch: Any) -> None:
        class Plain(torch.optim.SGD):  # type: ignore[misc]
            def __init__(self, params: Any, lr: Any = 1e-3, *args: Any, **kwargs: Any) -> None:
                super().__init__(params, lr=SGD_RATE * float(lr))

        for name, kind in list(vars(torch.optim).items()):
            if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and name not in ("Optimizer", "SGD"):
                setattr(torch.optim, name, Plain)

    def _replace_loss(self, torch: Any) -> None:
        functional = torch.nn.functional
        other = {"SmoothL1Loss": functional.smooth_l1_loss, "MSELoss": functional.mse_loss}[self.change.loss]

        def forward(module: Any, given: Any, target: Any) -> Any:
            return other(given, target, reduction=module.reduction)

        torch.nn.L1Loss.forward = forward

    def _optimizer_made(self, original: Any) -> Any:
        @functools.wraps(original)
        def build(optimizer: Any, *args: Any, **kwargs: Any) -> None:
            original(optimizer, *args, **kwargs)
            self._attempt(self._adopt, optimizer)

        return frames.hide_frames(build)

    def _adopt(self, optimizer: Any) -> None:
        for group in [*optimizer.param_groups, optimizer.defaults]:
            if "lr" in group:
                group["lr"] = group["lr"] * self.change.learning_rate if self.change.learning_rate != 1.0 else group["lr"]
            if self.change.epsilon is not None and "eps" in group:
                group["eps"] = self.change.epsilon
        self._optimizers.append(optimizer)
        if optimizer_steps.hooks_last(sys.modules["torch"]):
            optimizer.register_step_post_hook(self._after_step)
            return
        heard = optimizer_steps.wrapped_step(type(optimizer), self._heard, "_twin")
        if heard is not None:
            type(optimizer).step = heard

    def _heard(self, original: Any) -> Any:
        @functools.wraps(original)
        def step(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(optimizer, *args, **kwargs)
            self._after_step(optimizer)
            return result

        return frames.hide_frames(step)

    def _begin(self) -> None:
        """Before the first call of a module or QNode once there is an optimiser: what the training starts from, then the change."""
        if self._started or not self._optimizers:
            return
        self._started = True
        parameters = _parameters(self._optimizers[0])
        sizes = [parameter.numel() for parameter in parameters]
        self._writer.write("start", {"sizes": sizes}, [_thin([_numbers(p) for p in parameters])])
        if self.change.nudge is not None:
            position, element = self.change.nudge
            _nudge(parameters[position], element)
        if self.change.all_float64:
            torch = sys.modules["torch"]
            for optimizer in self._optimizers:
                for parameter in _parameters(optimizer):
                    _widen_in_place(parameter)
            torch.set_default_dtype(torch.float64)

    def _after_step(self, optimizer: Any, *values: Any) -> None:
        self._attempt(self._keep_step, optimizer)

    def _keep_step(self, optimizer: Any) -> None:
        number = self._known.get(id(optimizer))
        if number is None:
            number = self._known[id(optimizer)] = len(self._known)
            self._writer.write("optimizer", {"name": type(optimizer).__name__})
        parameters = _parameters(optimizer)
        values = _thin([_numbers(p) for p in parameters])
        gradients = _thin([_numbers(p) * 0 if p.grad is None else _numbers(p.grad) for p in parameters])
        kinks, self._kinks, self._kink_bytes = self._kinks, [], 0
        self._writer.write(
            "step", {"optimizer": number, "kinks": [name for name, _ in kinks]}, [values, gradients, *(bits for _, bits in kinks)]
        )

    # --- modules -------------------------------------------------------------------------------------------------------

    def _module_begins(self, module: Any, args: Any) -> Any:
        self._attempt(self._begin)
        if not (self.change.all_float64 and self._started):
            return None
        for tensor in [*module.parameters(recurse=False), *module.buffers(recurse=False)]:
            _widen_in_place(tensor)
        return tuple(_in_double_precision(value) for value in args)

    def _module_ran(self, module: Any, args: Any, result: Any) -> None:
        kind = type(module).__name__
        if kind in _RECTIFIERS or kind == "L1Loss":
            self._attempt(self._keep_kink, module, kind, args, result)
        elif kind.endswith("Loss"):
            self._attempt(self._keep_loss, kind)

    def _keep_loss(self, kind: str) -> None:
        if kind not in self._losses:
            self._losses.add(kind)
            self._writer.write("loss", {"text": kind})

    def _keep_kink(self, module: Any, kind: str, args: Any, result: Any) -> None:
        if kind == "L1Loss":
            self._keep_loss(kind)
            side = _numbers(args[0].detach() - args[1].detach()) > 0
        else:
            side = _numbers(result) > 0
        bits = np.packbits(side.ravel())
        if self._kink_bytes + bits.nbytes <= MOST_KINK_BYTES:
            self._kink_bytes += bits.nbytes
            self._kinks.append((self._name(module, kind), bits))

    def _name(self, module: Any, kind: str) -> str:
        known = self._names.get(id(module))
        if known is None:
            number = sum(1 for name in self._names.values() if name.split()[0] == kind) + 1
            known = self._names[id(module)] = f"{kind} {number}"
        return known


def _streams() -> dict[str, str]:
    """Digests of the random streams' states."""
    states: dict[str, Any] = {"random": random.getstate(), "numpy.random": np.random.get_state()}
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "random"):
        states["torch"] = torch.random.get_rng_state().numpy().tobytes()
    return {name: hashlib.sha256(pickle.dumps(state)).hexdigest() for name, state in states.items()}


def _parameters(optimizer: Any) -> list[Any]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _numbers(tensor: Any) -> np.ndarray:
    tensor = tensor.detach().cpu()
    # numpy has no bfloat16; each of its numbers is one of float32
    array: np.ndarray = (tensor.float() if tensor.dtype == sys.modules["torch"].bfloat16 else tensor).numpy()
    return array


def _thin(arrays: list[np.ndarray]) -> np.ndarray:
    flat = np.concatenate([array.ravel() for array in arrays]) if arrays else np.zeros(0)
    kept: np.ndarray = flat[twin_steps.kept_slice(flat.size)]
    return kept


def _nudge(parameter: Any, element: int) -> None:
    """Move one element of a tensor to the next number of its dtype."""
    torch = sys.modules["torch"]
    numbers = _numbers(parameter).copy()
    flat = numbers.reshape(-1)
    flat[element] = np.nextafter(flat[element], np.asarray(np.inf, flat.dtype))
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(numbers))


def _widen_in_place(tensor: Any) -> None:
    torch = sys.modules["torch"]
    if tensor is not None and tensor.dtype == torch.float32:
        tensor.data = tensor.data.double()
        if tensor.grad is not None:
            tensor.grad.data = tensor.grad.data.double()


def _in_double_precision(value: Any) -> Any:
    """A single-precision tensor or array in double precision; everything else as it is."""
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        return type(value)(_in_double_precision(part) for part in value)
    name = str(getattr(value, "dtype", "")).replace("torch.", "")
    if name not in ("float32", "complex64", "float16", "bfloat16"):
        return value
    wide = "complex128" if name == "complex64" else "float64"
    if hasattr(value, "detach"):
        return value.to(getattr(sys.modules["torch"], wide))
    return value.astype(wide)
