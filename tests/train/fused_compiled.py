"""Run by test_fused.py: compiles the kernel, in all its variants, to the machine code of GPUs that are not here.

The interpreter runs what a compiler refuses, such as a name that only one branch binds.
"""

from __future__ import annotations

from itertools import product

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from pidistill.train import fused

VARIANTS = [
    (kind, floor, clip)
    for kind, floor, clip in product((fused.FKL, fused.RKL, fused.JSD), (False, True), (False, True))
    if not (kind == fused.JSD and floor)
]
SIGNATURE = {
    "student": "*fp32", "student_stride": "i32", "teacher": "*fp32", "teacher_stride": "i32", "gradient": "*bf16",
    "gradient_stride": "i32", "coefficients": "*fp32", "values": "*fp32", "size": "i32",
    **dict.fromkeys(("inverse_temperature", "beta", "floor", "clip"), "fp32"),
    **dict.fromkeys(("KIND", "FLOOR", "CLIP", "FARTHEST", "BLOCK"), "constexpr"),
}  # fmt: skip


def main() -> None:
    for kind, floor, clip in VARIANTS:
        constants = {
            "KIND": kind, "FLOOR": floor, "CLIP": clip, "FARTHEST": fused.FARTHEST, "BLOCK": fused.BLOCK,
        }  # fmt: skip
        source = ASTSource(fused._rows, SIGNATURE, constexprs=constants)
        compiled = triton.compile(source, target=GPUTarget("cuda", 90, 32), options={"num_warps": fused.WARPS})
        assert compiled.asm["cubin"]


if __name__ == "__main__":
    main()
