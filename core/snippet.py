"""A network as one Python file that needs NumPy and nothing else: to read, to send, to run anywhere.

The file's code is plain rather than fast, holds only what its network uses, and carries the weights as text.
"""

import base64
import textwrap
from typing import assert_never

import numpy as np
import numpy.typing as npt

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

TEXT_WIDTH = 110

ACTIVATION_CODE: dict[ActivationName, str] = {
    "relu": """
def relu(z):
    return np.maximum(z, 0)
""",
    "tanh": """
def tanh(z):
    return np.tanh(z)
""",
    "sigmoid": """
def sigmoid(z):
    return 0.5 * np.tanh(0.5 * z) + 0.5
""",
    "gelu": """
def gelu(z):
    return 0.5 * z * (1 + np.tanh(0.7978845608028654 * (z + 0.044715 * z**3)))
""",
}

CODE = {
    "dense": """
def dense(x, weights):
    return x @ weights[:-1] + weights[-1]
""",
    "windows": """
def windows(x, size, stride):
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
    return views[:, :, ::stride, ::stride]
""",
    "convolution": """
def convolution(x, weights, kernel, stride, padding):
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kernels = weights[:-1].reshape(x.shape[1], kernel, kernel, -1)
    z = np.tensordot(windows(x, kernel, stride), kernels, axes=([1, 4, 5], [0, 1, 2])) + weights[-1]
    return z.transpose(0, 3, 1, 2)
""",
    "max_pooling": """
def max_pooling(x, size, stride):
    return windows(x, size, stride).max(axis=(4, 5))
""",
    "average_pooling": """
def average_pooling(x, size, stride):
    return windows(x, size, stride).mean(axis=(4, 5))
""",
    "layer_normalization": f"""
def layer_normalization(x, weights):
    axes = tuple(range(1, x.ndim))
    shape = (-1,) + (1,) * (x.ndim - 2)
    x = (x - x.mean(axis=axes, keepdims=True)) / np.sqrt(x.var(axis=axes, keepdims=True) + {EPSILON!r})
    return x * weights[0].reshape(shape) + weights[1].reshape(shape)
""",
    "softmax": """
def softmax(z):
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
""",
}


def to_snippet(network: Network) -> str:
    """Return the source of a Python file with `outputs`, `predict` and, but for regression, `probabilities`.

    All three take raw inputs (n, *input_shape) or (n, inputs), as the network's own methods do, and give what these
    give. Run as a program with the name of an .npy file, it prints the predictions for its rows.
    """
    architecture = network.architecture
    used: set[str] = {"dense"}
    steps: list[str] = []
    position = 0
    if network.standardization is not None:
        steps.append("x = (x - MEAN) / SCALE")
    if len(architecture.entry_shape) > 1:
        steps.append(f"x = x.reshape({', '.join(map(str, (-1, *architecture.entry_shape)))})")
    for stage in architecture.stages:
        weights = ""
        if stage.weight_shape is not None:
            weights = f"weights({position}, {stage.weight_shape[0]}, {stage.weight_shape[1]})"
            position += stage.weight_shape[0] * stage.weight_shape[1]
        match stage.layer:
            case Dense() as layer:
                used |= {layer.activation}
                steps.append(f"x = {layer.activation}(dense(x, {weights}))")
            case Convolution() as layer:
                used |= {layer.activation, "windows", "convolution"}
                call = f"convolution(x, {weights}, {layer.kernel}, {layer.stride}, {layer.padding})"
                steps.append(f"x = {layer.activation}({call})")
            case MaxPooling() | AveragePooling() as layer:
                used |= {"windows", layer.kind}
                steps.append(f"x = {layer.kind}(x, {layer.size}, {layer.stride})")
            case Flatten():
                steps.append("x = x.reshape(len(x), -1)")
            case Dropout():
                pass
            case LayerNormalization():
                used |= {"layer_normalization"}
                steps.append(f"x = layer_normalization(x, {weights})")
            case None:
                steps.append(f"return dense(x, {weights})")
            case _:
                assert_never(stage.layer)
    if network.task == "classification":
        used.add("softmax")
    if network.task in ("binary", "multi_label"):
        used.add("sigmoid")
    answer, classes_or_values = _answers(network)
    code = ACTIVATION_CODE | CODE
    parts = [
        f'"""A neural network that needs NumPy only: {architecture.describe()}, for {network.task}."""\n',
        "import base64\nimport sys\n\nimport numpy as np\n",
        '\ndef vector(text):\n    return np.frombuffer(base64.b64decode(text), "<f4")\n',
        "\ndef weights(start, rows, columns):\n"
        "    return PARAMETERS[start : start + rows * columns].reshape(rows, columns)\n",
        *(text for name, text in code.items() if name in used),
        f"\ndef outputs(inputs):\n    x = np.asarray(inputs, np.float32).reshape(len(inputs), {architecture.inputs})\n"
        + textwrap.indent("\n".join(steps), "    ")
        + "\n",
        *answer,
        f"\ndef predict(inputs):\n{textwrap.indent(classes_or_values, '    ')}\n",
        f"\nPARAMETERS = {_vector(network.parameters)}",
    ]
    for name, units in (("", network.standardization), ("TARGET_", network.target_standardization)):
        if units is not None:
            parts += [f"{name}MEAN = {_vector(units.mean)}{name}SCALE = {_vector(units.scale)}"]
    parts.append('\nif __name__ == "__main__":\n    print(predict(np.load(sys.argv[1])).tolist())\n')
    return "\n".join(parts)


def _answers(network: Network) -> tuple[list[str], str]:
    """Return the function that gives probabilities, if the task has any, and the body of `predict`."""
    match network.task:
        case "classification":
            body, predicted = "return softmax(outputs(inputs))", "return outputs(inputs).argmax(axis=1)"
        case "binary":
            body = "yes = sigmoid(outputs(inputs))\nreturn np.concatenate([1 - yes, yes], axis=1)"
            predicted = "return (outputs(inputs)[:, 0] > 0).astype(np.int64)"
        case "multi_label":
            body, predicted = "return sigmoid(outputs(inputs))", "return (outputs(inputs) > 0).astype(np.int64)"
        case "regression":
            units = network.target_standardization
            return [], "return outputs(inputs)" + (" * TARGET_SCALE + TARGET_MEAN" if units is not None else "")
        case _:
            assert_never(network.task)
    return [f"\ndef probabilities(inputs):\n{textwrap.indent(body, '    ')}\n"], predicted


def _vector(values: npt.NDArray[np.float32]) -> str:
    text = base64.b64encode(values.astype("<f4").tobytes()).decode()
    lines = [text[start : start + TEXT_WIDTH] for start in range(0, len(text), TEXT_WIDTH)]
    return "vector(\n" + "".join(f'    "{line}"\n' for line in lines) + ")\n"
