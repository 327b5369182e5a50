"""What can go wrong when a network is written for other programs."""


class OnnxUnavailable(Exception):
    """The `onnx` package is not installed; `pip install cambrian[onnx]` brings it."""

    def __init__(self) -> None:
        super().__init__("writing ONNX needs the onnx package: pip install 'cambrian[onnx]'")
