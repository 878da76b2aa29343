// Runs Lean in WebAssembly in this process: node worker.js PARENT_PID LEAN_JS LIBRARY PROGRAM_FOLDER ARGUMENTS...
//
// Standard input feeds the Lean program byte by byte. Each of its lines that begins with @@ leaves with the size of the
// memory put in front; all others are the build's own chatter and are dropped. Only the two folders are mounted.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { Worker } = require('worker_threads');

const [parent, script, library, program, ...args] = process.argv.slice(2);

// Lean blocks the main thread, so another one watches for the death of the process that started this one.
const watch = `
  const gone = () => { if (process.ppid !== ${Number(parent)}) process.kill(process.pid, 'SIGKILL'); };
  gone();
  setInterval(gone, 1000);`;
if (Number(parent)) new Worker(watch, { eval: true }).unref();

const chunk = Buffer.alloc(1 << 16);
let have = 0, next = 0, given = 0, last = 0;
function byte() {
  // a read ends at a line's end, else it would wait for bytes that the next request brings
  if (given && last === 10) { given = 0; return null; }
  if (next === have) {
    for (;;) {
      try { have = fs.readSync(0, chunk, 0, chunk.length, null); break; }
      catch (e) { if (e.code === 'EOF') { have = 0; break; } if (e.code !== 'EAGAIN') throw e; }
    }
    next = 0;
    if (!have) return null;
  }
  given++;
  return last = chunk[next++];
}

function write(text) {
  const bytes = Buffer.from(text + '\n');
  for (let at = 0; at < bytes.length;) at += fs.writeSync(1, bytes, at);
}

globalThis.require = require;
globalThis.__filename = script;
globalThis.__dirname = path.dirname(script);
globalThis.Module = {
  arguments: args,
  stdin: byte,
  print: (line) => { if (line.startsWith('@@')) write(`@@${wasmMemory.buffer.byteLength} ${line.slice(2)}`); },
  printErr: (line) => fs.writeSync(2, line + '\n'),
  onRuntimeInitialized() {
    // The build gives C++ a stack of 64 KiB that grows down into its own data: recursion would corrupt memory in silence. With this one
    // Node's own stack is always the first to end, and that ends the process.
    const size = 64 << 20;
    const low = wasmExports.malloc(size);
    wasmExports.emscripten_stack_set_limits(low + size, low);
    wasmExports._emscripten_stack_restore(low + size);
  },
  preRun: [() => {
    const { FS, NODEFS, ENV } = globalThis.Module;
    // Lean looks for its own folder under the name that Node knows it by; an empty one will do
    FS.mkdirTree(path.dirname(script));
    FS.mkdirTree('/lib');
    FS.mount(NODEFS, { root: library }, '/lib');
    FS.mkdirTree('/program');
    FS.mount(NODEFS, { root: program }, '/program');
    ENV.LEAN_PATH = '/program:/lib';
  }],
};
vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
