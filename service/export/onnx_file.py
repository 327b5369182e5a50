"""A network as an ONNX model that every ONNX runtime computes: weights inside, raw inputs in, predictions out.

It lives here and not beside the other files of `core`, because it needs the `onnx` package, an optional extra.
"""

from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from core.dataset import Standardization
from core.layers import (
    ActivationName,
    AveragePooling,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    LayerNormalization,
    MaxPooling,
)
from core.network import Network
from core.normalization import EPSILON
from service.export.errors import OnnxUnavailable

# The current one, and the first that has every operator used here (the tanh form of Gelu).
OPSET, OLDEST_OPSET = 28, 20
INPUT = "inputs"


def to_onnx(network: Network, *, opset: int = OPSET) -> bytes:
    """Return the bytes of an `.onnx` file; the same network gives the same bytes.

    The one input, `inputs`, is float32 (rows, *input_shape) as the network's users give it. The one output is
    `probabilities`, (rows, classes), for binary (rows, 2), for multi_label (rows, labels), or, for regression, `values`
    (rows, outputs). `opset` may be lowered for older runtimes, to 20. Raises OnnxUnavailable without the onnx package.
    """
    try:
        import onnx  # noqa: PLC0415 (an optional extra)
        import onnx.helper  # noqa: PLC0415
        import onnx.numpy_helper  # noqa: PLC0415
    except ImportError as error:
        raise OnnxUnavailable from error
    if not OLDEST_OPSET <= opset <= OPSET:
        raise ValueError(f"opset must be from {OLDEST_OPSET} to {OPSET}, got {opset}")
    architecture = network.architecture
    graph = _Graph(onnx)
    output = graph.build(network)
    columns = 2 if network.task == "binary" else architecture.outputs
    rows = "rows"
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            "network",
            [onnx.helper.make_tensor_value_info(INPUT, onnx.TensorProto.FLOAT, [rows, *architecture.input_shape])],
            [onnx.helper.make_tensor_value_info(output, onnx.TensorProto.FLOAT, [rows, columns])],
            graph.initializers,
            doc_string=architecture.describe(),
        ),
        opset_imports=[onnx.helper.make_opsetid("", opset)],
        ir_version=onnx.helper.find_min_ir_version_for([onnx.helper.make_opsetid("", opset)]),
        producer_name="cambrian",
    )
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


class _Graph:
    """Nodes and weights in the making; every method returns the name of what it added."""

    def __init__(self, onnx: ModuleType) -> None:
        self._onnx = onnx
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def build(self, network: Network) -> str:
        architecture = network.architecture
        current = INPUT
        if network.standardization is not None:
            mean, scale = _units(network.standardization, architecture.input_shape)
            current = self._node("Div", [self._node("Sub", [current, self._array(mean)]), self._array(scale)])
        if architecture.entry_shape != architecture.input_shape:
            # The 0 keeps the number of rows.
            current = self._node("Reshape", [current, self._array(np.array([0, *architecture.entry_shape], np.int64))])
        weights = iter(network.weights)
        for stage in architecture.stages[:-1]:
            match stage.layer:
                case Dense() as layer:
                    current = self._activation(layer.activation, self._gemm(current, next(weights)))
                case Convolution() as layer:
                    current = self._activation(
                        layer.activation, self._convolution(current, layer, stage.before[0], next(weights))
                    )
                case MaxPooling() | AveragePooling() as layer:
                    current = self._node(
                        "MaxPool" if isinstance(layer, MaxPooling) else "AveragePool",
                        [current],
                        kernel_shape=[layer.size] * 2,
                        strides=[layer.stride] * 2,
                    )
                case Flatten():
                    current = self._node("Flatten", [current])
                case Dropout():
                    pass
                case LayerNormalization():
                    gain, bias = next(weights)
                    shape = (len(gain), *[1] * (len(stage.before) - 1))
                    arrays = [np.broadcast_to(values.reshape(shape), stage.before) for values in (gain, bias)]
                    current = self._node(
                        "LayerNormalization", [current, *map(self._array, arrays)], axis=1, epsilon=EPSILON
                    )
                case None:
                    raise AssertionError("only the last stage has no layer")
                case _:
                    assert_never(stage.layer)
        return self._answer(network, self._gemm(current, next(weights)))

    def _answer(self, network: Network, logits: str) -> str:
        match network.task:
            case "classification":
                return self._node("Softmax", [logits], output="probabilities", axis=1)
            case "binary":
                yes = self._node("Sigmoid", [logits])
                no = self._node("Sub", [self._array(np.ones(1, np.float32)), yes])
                return self._node("Concat", [no, yes], output="probabilities", axis=1)
            case "multi_label":
                return self._node("Sigmoid", [logits], output="probabilities")
            case "regression":
                units = network.target_standardization
                if units is None:
                    return self._node("Identity", [logits], output="values")
                scaled = self._node("Mul", [logits, self._array(units.scale)])
                return self._node("Add", [scaled, self._array(units.mean)], output="values")
            case _:
                assert_never(network.task)

    def _gemm(self, current: str, weights: npt.NDArray[Any]) -> str:
        return self._node("Gemm", [current, self._array(weights[:-1]), self._array(weights[-1])])

    def _convolution(self, current: str, layer: Convolution, channels: int, weights: npt.NDArray[Any]) -> str:
        kernels = weights[:-1].T.reshape(layer.channels, channels, layer.kernel, layer.kernel)
        return self._node(
            "Conv",
            [current, self._array(kernels), self._array(weights[-1])],
            kernel_shape=[layer.kernel] * 2,
            strides=[layer.stride] * 2,
            pads=[layer.padding] * 4,
        )

    def _activation(self, name: ActivationName, current: str) -> str:
        match name:
            case "relu":
                return self._node("Relu", [current])
            case "tanh":
                return self._node("Tanh", [current])
            case "sigmoid":
                return self._node("Sigmoid", [current])
            case "gelu":
                return self._node("Gelu", [current], approximate="tanh")
            case _:
                assert_never(name)

    def _node(self, operator: str, inputs: Sequence[str], *, output: str | None = None, **attributes: Any) -> str:
        name = output or f"value_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, list(inputs), [name], **attributes))
        return name

    def _array(self, values: npt.NDArray[Any]) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name


def _units(standardization: Standardization, shape: tuple[int, ...]) -> Iterator[npt.NDArray[np.float32]]:
    yield standardization.mean.reshape(shape)
    yield standardization.scale.reshape(shape)
