// Makes one memory the same as another, in this thread and a second one. What is the same already is only read: most of Lean's memory has
// never been written to, and takes no room as long as that is so.
//
// Both threads take blocks by counting up one word, which says the round, the way and the next block: nobody can take a block of a round
// that is over. So a second thread that does not get its turn holds nothing up; this one then does it all. What the two share is in no
// memory that Lean can reach.
'use strict';
const { Worker, isMainThread, workerData } = require('worker_threads');

const BLOCK = 1 << 21;  // bytes that a thread takes at a time
const CHUNK = 1 << 16;  // bytes that are compared at a time
const PIECE = 1 << 13;  // bytes that are copied, at least, where they differ
const BACK = 1 << 12, ROUND = 1 << 13;  // of the word: below them is the block; whether memory is made what its image is; how many times
const WORD = 0, BUSY = 1;

function copyRange(to, from, start, stop, size = CHUNK) {
  for (let at = start; at < stop; at += size) {
    const end = Math.min(at + size, stop);
    if (to.compare(from, at, end, at, end) === 0) continue;
    if (size > PIECE) copyRange(to, from, at, end, PIECE);
    else to.set(from.subarray(at, end), at);
  }
}

class Blocks {
  constructor({ words, memory, image, size }) {
    Object.assign(this, { words, size, count: Math.ceil(size / BLOCK) });
    [this.memory, this.image] = [memory, image].map(([buffer, offset]) => Buffer.from(buffer, offset, size));
  }

  /** Copies blocks until none is left; the word as it then is. */
  work() {
    const { words, size } = this;
    for (;;) {
      const word = Atomics.load(words, WORD), block = word & (BACK - 1);
      if (block >= this.count) return word;
      if (Atomics.compareExchange(words, WORD, word, word + 1) !== word) continue;
      const [to, from] = word & BACK ? [this.memory, this.image] : [this.image, this.memory];
      copyRange(to, from, block * BLOCK, Math.min((block + 1) * BLOCK, size));
    }
  }
}

class Copier {
  /** Of `memory` and its `image`, which may be longer. What memory has grown by later is this thread's alone. */
  constructor(memory, image) {
    const [one, other] = [memory, image].map((side) => [side.buffer, side.byteOffset]);
    const shared = { words: new Int32Array(new SharedArrayBuffer(8)), memory: one, image: other, size: memory.length };
    this.round = 0;  // counted up without end: what is behind 32 bits falls off
    this.blocks = new Blocks(shared);
    Atomics.store(shared.words, WORD, this.blocks.count);
    new Worker(__filename, { workerData: shared }).unref();
  }

  /** The image as `memory` is. */
  keep(memory, image) { this.copy(image, memory, memory.length, 0); }

  /** `memory` as the image is. */
  putBack(memory, image) { this.copy(memory, image, memory.length, BACK); }

  copy(to, from, whole, way) {
    const { words, size } = this.blocks;
    Atomics.store(words, WORD, (++this.round * ROUND) | way);
    Atomics.notify(words, WORD);
    copyRange(to, from, size, whole);
    this.blocks.work();
    while (Atomics.load(words, BUSY) === 1) Atomics.wait(words, BUSY, 1);
  }
}

if (isMainThread) {
  module.exports = { Copier };
} else {
  const blocks = new Blocks(workerData);
  for (const { words } = blocks; ;) {
    Atomics.store(words, BUSY, 1);  // before it takes a block, so that whoever finds none left knows whether to wait for this one
    const word = blocks.work();
    Atomics.store(words, BUSY, 0);
    Atomics.notify(words, BUSY);
    Atomics.wait(words, WORD, word);
  }
}
