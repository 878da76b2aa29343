// Runs Lean in WebAssembly in this process: node worker.js PARENT_PID LEAN_JS LIBRARY PROGRAM_FOLDER MODE ARGUMENTS...
//
// Lean's program says where its function is that answers requests, and then waits for input for ever. While it waits, this file reads
// requests itself and calls that function on top of the waiting stack. So nothing that a request does can outlast it: when the function
// has returned, the linear memory is put back as it was while the program waited, and with it all that Lean knows. What is not in that
// memory is closed before the first request: no thread can begin, no file be written, no text be run as JavaScript.
//
// Lean has one thread for its tasks, which is there before the first request and sleeps between two. It must sleep where it slept before
// memory is put back: what it has on its stack there is compared. How it sleeps is learnt from requests of our own. A process that has not
// learnt it answers one request, and one whose thread does not come to rest is replaced.
//
// A request is a line: a letter, a space and the text. With `K` what the request did is kept, and is the new state to go back to; with `R`
// it is put back; `L` is for learning, with a request of our own. The reply is a line on standard output: @@, the memory's size, the word
// `answer` and Lean's text. Another line says what it came to: `clean` or `kept` that the process is ready for the next request, `again` that
// it learnt nothing and kept what was done, `spent` that it could neither be kept nor put back, and ends. SIGINT ends a request: its answer
// says so, and its memory is put back like another's. With MODE `plain` there are no requests: Lean runs its arguments and its lines that
// begin with @@ are passed on.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { Worker } = require('worker_threads');
const slim = require('./slim.js');
const { Copier } = require('./copy.js');

const [parent, script, library, program, mode, ...args] = process.argv.slice(2);
const LARGEST_REPLY = 64 << 20;
const LARGEST_MEMORY = 1 << 30;  // one that is larger is not put back
const LEAST_RESTING = 32, MOST_RESTING = 4096;  // bytes of a sleeping thread's stack

// Lean blocks the main thread, so another one watches for the death of the process that started this one.
const watch = `
  const gone = () => { if (process.ppid !== ${Number(parent)}) process.kill(process.pid, 'SIGKILL'); };
  gone();
  setInterval(gone, 1000);`;
if (Number(parent)) new Worker(watch, { eval: true }).unref();

const clock = new Int32Array(new SharedArrayBuffer(4));
const pause = (ms) => Atomics.wait(clock, 0, 0, ms);

/** Writes a line, however long, to whoever reads it, however slowly: Node makes a pipe one that does not block, and a full one an error. */
function write(text) {
  const bytes = Buffer.from(text + '\n');
  for (let at = 0; at < bytes.length;) {
    try { at += fs.writeSync(1, bytes, at); }
    catch (e) { if (e.code !== 'EAGAIN') throw e; pause(1); }
  }
}

const chunk = Buffer.alloc(1 << 16);
let pending = [];
function readLine() {
  for (;;) {
    const last = pending.length ? pending[pending.length - 1].indexOf(10) : -1;
    if (last >= 0) {
      const tail = pending.pop();
      const line = Buffer.concat([...pending, tail.subarray(0, last)]);
      pending = last + 1 < tail.length ? [Buffer.from(tail.subarray(last + 1))] : [];
      return line;
    }
    let have;
    try { have = fs.readSync(0, chunk, 0, chunk.length, null); }
    catch (e) { if (e.code === 'EOF') return null; if (e.code !== 'EAGAIN') throw e; pause(1); continue; }
    if (!have) return null;
    pending.push(Buffer.from(chunk.subarray(0, have)));
  }
}

// --- What is closed ---------------------------------------------------------------------------------------------------

// Imports that Lean needs while it answers. All others throw from then on.
const OPEN = /^(invoke_|__cxa_|_?__cxa_|__resumeException|llvm_|clock_|_?emscripten_get_now|emscripten_(resize_heap|get_heap_max|check_blocking_allowed|date_now|num_logical_cores)|_*emscripten_(dlsync|thread_|notify|proxy_dlsync|receive_on_main)|fd_(write|read|close|seek)|random_get|environ_|gettimeofday|__syscall_(openat|stat64|fstat64|lstat64|newfstatat|getcwd|readlinkat|getdents64|ioctl|fcntl64|faccessat)|_tzset_js|_localtime_js|_gmtime_js|_mktime_js|strftime|_?_?dlsym|exit|proc_exit|abort|_abort_js|__assert_fail|_setThrew|getTempRet0|setTempRet0|memory|table|__indirect|__stack)/;
let locked = false;

function closable(env) {
  for (const [name, original] of Object.entries(env)) {
    if (typeof original !== 'function' || OPEN.test(name)) continue;
    const guarded = function (...given) {
      if (locked) throw new Error(`Lean may not call ${name} now`);
      return original.apply(this, given);
    };
    env[name] = Object.assign(guarded, original);
  }
}

function lock() {
  const { FS } = globalThis.Module;
  const refuse = () => { throw new FS.ErrnoError(69); };
  for (const name of ['mknod', 'create', 'mkdir', 'mkdev', 'symlink', 'rename', 'rmdir', 'unlink', 'chmod', 'lchmod', 'fchmod', 'chown', 'lchown',
    'fchown', 'truncate', 'ftruncate', 'utime', 'chdir', 'writeFile', 'mount', 'unmount', 'createDevice', 'createDataFile', 'createPreloadedFile',
    'createLazyFile', 'createPath', 'mmap', 'msync', 'allocate']) FS[name] = refuse;
  const open = FS.open;
  FS.open = (file, flags = 0, ...rest) => {
    // anything but reading
    if (typeof flags === 'string' ? flags !== 'r' : flags & (3 | 64 | 512 | 1024)) refuse();
    return open(file, flags, ...rest);
  };
  for (const worker of PThread.unusedWorkers) worker.terminate();
  PThread.unusedWorkers = [];
  threads = [...PThread.runningWorkers];
  PThread.getNewWorker = () => undefined;  // which reads as: no more threads
  PThread.allocateUnusedWorker = () => {};
  locked = true;
}

// --- Putting back -----------------------------------------------------------------------------------------------------

let handler = 0;
let threads = [];
let slots = 0;  // of the function table, which the threads keep in step
let resting = 0;  // bytes at the top of a sleeping thread's stack that are the same whenever it sleeps; 0: not yet known
let image = null, copier = null;
let stackPointer = 0, streams = new Set(), caught = 0;

function keep() {
  const memory = Buffer.from(wasmMemory.buffer);
  if (memory.length > LARGEST_MEMORY) return false;
  image ??= Buffer.from(new SharedArrayBuffer(LARGEST_MEMORY));
  copier ??= new Copier(memory, image);
  copier.keep(memory, image);
  stackPointer = wasmExports.emscripten_stack_get_current();
  streams = new Set(globalThis.Module.FS.streams.map((s, i) => (s ? i : -1)));
  caught = exceptionCaught.length;
  slots = wasmTable.length;
  return true;
}

/** The stacks of Lean's threads, now and in the image. */
function stacks() {
  const words = new Uint32Array(wasmMemory.buffer);
  return threads.map((thread) => {
    const top = words[(thread.pthread_ptr + 52) >> 2], size = words[(thread.pthread_ptr + 56) >> 2];
    return [Buffer.from(wasmMemory.buffer, top - size, size), Buffer.from(image.buffer, top - size, size)];
  });
}

/** Waits until `holds` has been true `wanted` times in a row, at `apart` ms: until the threads have used 3 s, or 25 s have gone by, or nothing
 * has moved on their stacks for 5 s, which then sleep elsewhere. */
function wait(wanted, apart, holds) {
  const began = Date.now(), used = process.cpuUsage();
  let before = tops(), moved = began;
  for (let seen = 0; ;) {
    seen = holds() ? seen + 1 : 0;
    if (seen === wanted) return true;
    const now = tops();
    if (!now.every((top, i) => top.equals(before[i]))) [before, moved] = [now, Date.now()];
    if (Date.now() - moved > 5000) return false;
    const { user, system } = process.cpuUsage(used);
    if (Date.now() - began > 25_000 || user + system > 3_000_000) return false;
    wasmExports._emscripten_check_mailbox?.();
    pause(apart);
  }
}

const tops = () => stacks().map(([now]) => Buffer.from(now.subarray(now.length - MOST_RESTING)));

/** Waits until nothing has moved on the threads' stacks for a while: all that there is to see before it is known how they sleep. */
function settle() {
  let before = tops();
  return wait(20, 5, () => {
    const now = tops();
    const same = now.every((top, i) => top.equals(before[i]));
    before = now;
    return same;
  });
}

const sameThreads = () => PThread.runningWorkers.length === threads.length && threads.every((t, i) => t === PThread.runningWorkers[i]);

/** After a request of our own: what is the same as in the image, from the top, is what there is to compare. */
function learn() {
  if (!settle() || !sameThreads()) return;
  const found = Math.min(...stacks().map(([now, then]) => {
    let same = 0;
    while (same < MOST_RESTING && now[now.length - 1 - same] === then[then.length - 1 - same]) same++;
    return same - same % 4;  // of a word that changes some bytes can be the same by chance
  }));
  if (found >= LEAST_RESTING && found < MOST_RESTING) resting = found;
}

/** Waits until all threads sleep where they slept when the image was taken. */
function atRest() {
  return resting > 0 && sameThreads() && wait(2, 1, () =>
    stacks().every(([now, then]) => now.compare(then, then.length - resting, then.length, now.length - resting, now.length) === 0));
}

function putBack() {
  const { FS } = globalThis.Module;
  const memory = Buffer.from(wasmMemory.buffer);
  if (memory.length > LARGEST_MEMORY || !atRest() || wasmTable.length !== slots) return false;
  copier.putBack(memory, image);  // behind what was there then it is zero
  wasmExports._emscripten_stack_restore(stackPointer);
  FS.streams.forEach((stream, i) => { if (stream && !streams.has(i)) FS.close(stream); });
  exceptionCaught.length = caught;
  exceptionLast = 0;
  uncaughtExceptionCount = 0;
  return true;
}

function call(bytes) {
  const { malloc, free, lean_mk_string_from_bytes, lean_apply_2 } = wasmExports;
  const at = malloc(bytes.length + 1);
  new Uint8Array(wasmMemory.buffer).set(bytes, at);
  const text = lean_mk_string_from_bytes(at, bytes.length);
  free(at);
  const counts = new Int32Array(wasmMemory.buffer);
  if (counts[handler >> 2] > 0) counts[handler >> 2]++;  // the call uses one up
  const result = lean_apply_2(handler, text, 1);
  const words = new Uint32Array(wasmMemory.buffer);
  const string = words[(result + 8) >> 2];  // of the result, the value; of a string, behind its head: size, capacity, length
  const size = words[(string + 8) >> 2] - 1;
  if (size > LARGEST_REPLY || string + 20 + size > wasmMemory.buffer.byteLength) throw new RangeError('the reply is too long');
  const reply = Buffer.from(new Uint8Array(wasmMemory.buffer).slice(string + 20, string + 20 + size)).toString();
  return reply.replaceAll('\n', ' ');
}

const worked = new vm.Script('globalThis.work()');

/** What `work` gives. SIGINT ends it, in the middle of a loop of Lean's too: nothing catches that, and it comes out here as an error. One
 * that comes when `work` has just ended may end the next instead. */
function interruptible(work) {
  globalThis.work = work;
  return worked.runInThisContext({ breakOnSigint: true });
}

function serve() {
  process.on('SIGINT', () => {});  // one that comes when nothing is computed ends nothing
  lock();
  pause(50);
  gc();
  keep();  // the first request is to be kept
  write(`@@${wasmMemory.buffer.byteLength} ready {}`);
  for (;;) {
    const line = readLine();
    if (line === null) process.exit(0);
    let reply, whole = true;
    try {
      reply = interruptible(() => call(line.subarray(2)));
    } catch (e) {
      // the stack was too small, or the time: what was on the stack is gone, and memory is put back. After anything else nothing is known.
      const interrupted = e && e.code === 'ERR_SCRIPT_EXECUTION_INTERRUPTED';
      whole = interrupted || e instanceof RangeError;
      reply = JSON.stringify({ event: interrupted ? 'interrupted' : 'ended', text: String(e && e.message || e).slice(0, 300) });
    }
    const size = wasmMemory.buffer.byteLength;
    const letter = String.fromCharCode(line[0]);
    whole = whole && (letter === 'R' || !/"event":"(ended|interrupted)"/.test(reply));
    // the answer does not wait for what comes after it
    write(`@@${size} answer ${reply}`);
    let word = 'spent';
    if (letter === 'K') {
      if (whole && (resting ? atRest() : settle()) && keep()) word = 'kept';
    } else {
      if (letter === 'L' && whole && !resting) learn();
      if (whole && putBack()) word = 'clean';
      else if (letter === 'L' && whole && !resting && settle() && keep()) word = 'again';
    }
    write(`@@${wasmMemory.buffer.byteLength} ${word} {}`);
    if (word === 'spent') process.exit(3);
  }
}

process.env.LEAN_SCRIPT = script;  // for Lean's own thread
globalThis.Module = {
  mainScriptUrlOrBlob: path.join(__dirname, 'slim.js'),
  arguments: args,
  stdin() {
    if (mode === 'serve') serve();
    return null;
  },
  print(line) {
    if (mode !== 'serve') { if (line.startsWith('@@')) write(line); return; }
    if (!handler && line.startsWith('@@ready ')) handler = Number(line.slice(8));
  },
  printErr(line) {
    if (locked) return;
    try { fs.writeSync(2, line + '\n'); }
    catch (e) { if (e.code !== 'EAGAIN') throw e; }  // chatter for which there is no room
  },
  instantiateWasm(imports, done) {
    closable(imports.env);
    done(...slim.start(script, imports));
  },
  onRuntimeInitialized() {
    // The build gives C++ a stack of 64 KiB that grows down into its own data: recursion would corrupt memory in silence. With this one
    // Node's own stack is always the first to end.
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
slim.run(script);
