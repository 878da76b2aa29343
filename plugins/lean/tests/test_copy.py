"""Two threads make one memory the same as another, whoever of them gets its turn, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pidistill_lean import setup
from pidistill_lean.runtimes import program

SCRIPT = """
const { Copier } = require(process.argv[1]);
let state = 7;
const below = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return Math.floor(state / 2147483648 * n); };
const start = SIZE, most = SIZE + (3 << 20) + 5;
const whole = Buffer.from(new SharedArrayBuffer(most)), image = Buffer.from(new SharedArrayBuffer(most + 100));
let memory = whole.subarray(0, start);
const copier = new Copier(memory, image);
const busy = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
for (let round = 0; round < 300; round++) {
  if (round === 150) memory = whole.subarray(0, most);  // memory grows
  for (let n = below(40); n > 0; n--) memory[below(memory.length)] = below(256);
  if (below(8) === 0) memory.fill(below(256), below(memory.length));
  const before = Buffer.from(memory), kept = Buffer.from(image);
  if (below(2)) {
    copier.keep(memory, image);
    if (!memory.equals(before)) throw new Error(`round ${round}: keeping changed memory`);
  } else {
    copier.putBack(memory, image);
    if (!image.equals(kept)) throw new Error(`round ${round}: putting back changed the image`);
  }
  if (memory.compare(image, 0, memory.length) !== 0) throw new Error(`round ${round}: not the same`);
  if (below(4) === 0) busy(below(3));
}
console.log('the same');
process.exit(0);
"""


@pytest.mark.parametrize("size", [1, (1 << 16) + 1, (9 << 20) + 4097])
def test_either_side_becomes_the_other_and_nothing_else_changes(size: int) -> None:
    node = setup.find_node()
    if node is None:
        pytest.skip("no Node here")
    copy = Path(program.__file__).with_name("copy.js")
    script = SCRIPT.replace("SIZE", str(size))
    done = subprocess.run([node, "-e", script, copy], capture_output=True, text=True, timeout=300)
    assert done.stdout == "the same\n", done.stderr
