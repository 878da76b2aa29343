// Lean's WebAssembly module with few exports. The module exports 200,000 functions, so that Lean's interpreter finds a compiled definition
// by its name. V8 makes an object of each, in every thread, and Emscripten puts it into tables of its own: 400 MB of memory and 8 s of a
// start. Here the module is rewritten while it is loaded. Functions that only Lean looks for are no longer exported. They go into the
// module's own function table, where Emscripten would have put them, and their names into a list that the threads share; `dlsym` then finds
// a name's place in the table. The table itself is made here, and imported, so that `invoke.js` can call through it, too.
//
// `worker.js` uses this file in the main thread; in Lean's own thread it runs as that thread's script and does the same there.
'use strict';
const fs = require('fs');
const path = require('path');
const vm = require('vm');
const { isMainThread } = require('worker_threads');

const invoke = require('./invoke.js');
const { leb, signed } = invoke;

const TYPES = 1, IMPORTS = 2, TABLE = 4, EXPORTS = 7, ELEMENTS = 9, FUNCTION = 0;  // as WebAssembly's binary format numbers them
const SHARED = 'names of functions';  // in what Emscripten sends to a thread
const MAGIC = 8;  // bytes in front of the first section

class Reader {
  constructor(bytes, at = 0, end = bytes.length) { Object.assign(this, { bytes, at, end }); }
  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
  /** Where the next name is. Behind it afterwards. */
  name() {
    const size = this.number();
    this.at += size;
    return [this.at - size, this.at];
  }
}

/** The sections of a module: what kind, and from where to where. */
function* sections(bytes) {
  for (const read = new Reader(bytes, MAGIC); read.at < read.end;) {
    const from = read.at, id = bytes[read.at++], size = read.number();
    yield { id, from, start: read.at, end: read.at + size };
    read.at += size;
  }
}

/** Functions of Lean's and C++ definitions. Of these only those that the script mentions stay exported. */
const INTERNAL = ['l_', '_Z', 'initialize_'].map((prefix) => Buffer.from(prefix));

/** Bytes that are added one piece after another. */
class Writer {
  constructor(size) { Object.assign(this, { bytes: Buffer.allocUnsafeSlow(size), at: 0 }); }
  add(bytes, start = 0, end = bytes.length) { this.at += bytes.copy(this.bytes, this.at, start, end); }
  /** Of a section or a vector, what stands in front. */
  head(...bytes) { for (const byte of bytes) this.bytes[this.at++] = byte; }
  done() { return this.bytes.subarray(0, this.at); }
}

const text = (word) => Buffer.from([word.length, ...Buffer.from(word)]);
const TABLE_IMPORT = Buffer.concat([text('slim'), text('table')]);

/** The module of `bytes`, made smaller: see above. And the names of all functions in its table from the place `first` on; and what calls that
 * may throw are imported. */
function slim(bytes, script) {
  const found = [...sections(bytes)];
  const of = (id) => found.find((one) => one.id === id);
  // one table, of functions, with a least size alone
  const table = new Reader(bytes, of(TABLE).start);
  if (table.number() !== 1 || bytes[table.at++] !== 0x70 || bytes[table.at++] !== 0) throw new Error('the module has another table');
  const slots = table.number();

  const exported = of(EXPORTS), size = exported.end - exported.start;
  const mentioned = new Set(script.match(/\b(l_|_Z|initialize_)[A-Za-z0-9_$]*/g));
  const kept = new Writer(size), names = new Writer(size), places = new Writer(size);
  const read = new Reader(bytes, exported.start);
  let keptCount = 0, count = 0;
  for (let left = read.number(); left; left--) {
    const from = read.at;
    const [start, end] = read.name();
    const internal = INTERNAL.some((prefix) => bytes.compare(prefix, 0, prefix.length, start, Math.min(end, start + prefix.length)) === 0);
    const isFunction = bytes[read.at++] === FUNCTION, index = read.at;
    read.number();
    if (isFunction) {
      names.add(bytes, from, end);
      places.add(bytes, index, read.at);
      count++;
    }
    if (!isFunction || !internal || (mentioned.size && mentioned.has(bytes.latin1Slice(start, end)))) {
      kept.add(bytes, from, read.at);
      keptCount++;
    }
  }
  const out = new Writer(bytes.length + size + (1 << 10));
  const put = (id, ...parts) => {
    out.head(id, ...leb(parts.reduce((sum, part) => sum + part.length, 0)));
    for (const part of parts) out.add(Buffer.isBuffer(part) ? part : Buffer.from(part));
  };
  out.add(bytes, 0, MAGIC);
  for (const { id, from, start, end } of found) {
    if (id === TABLE) {
      continue;  // the only one is imported, and so has the same number
    } else if (id === IMPORTS) {
      const imports = new Reader(bytes, start);
      const number = imports.number();
      put(id, leb(number + 1), bytes.subarray(imports.at, end), TABLE_IMPORT, [1, 0x70, 0, ...leb(slots + count)]);
    } else if (id === EXPORTS) {
      put(id, leb(keptCount), kept.done());
    } else if (id === ELEMENTS) {
      // one segment more: from the old table's end on, the functions in the order of their names
      const segments = new Reader(bytes, start);
      const number = segments.number();
      put(id, leb(number + 1), bytes.subarray(segments.at, end), [0, 0x41, ...signed(slots), 0x0b, ...leb(count)], places.done());
    } else {
      out.add(bytes, from, end);
    }
  }
  const throwing = invoke.wanted(new Reader(bytes), of(TYPES).start, of(IMPORTS).start);
  return { module: out.done(), first: slots, count, names: names.done(), invokes: invoke.written(throwing) };
}

/** Where in the function table the function of a name is, in memory that threads share. */
class Names {
  constructor({ bytes, heads, starts, first, invokes }) { Object.assign(this, { bytes: Buffer.from(bytes), heads, starts, first, invokes }); }

  static of(names, count, first, invokes) {
    const shared = (Type, size) => new Type(new SharedArrayBuffer(size * Type.BYTES_PER_ELEMENT));
    const bytes = shared(Uint8Array, names.length), starts = shared(Uint32Array, count);
    bytes.set(names);
    const heads = shared(Int32Array, 2 ** Math.ceil(Math.log2(2 * count)));  // one more than the name's number, 0: none
    const made = new Names({ bytes: bytes.buffer, heads, starts, first, invokes });
    const read = new Reader(bytes);
    for (let number = 0; number < count; number++) {
      starts[number] = read.at;
      let at = made.hash(bytes, ...read.name());
      while (heads[at]) at = (at + 1) & (heads.length - 1);
      heads[at] = number + 1;
    }
    return made;
  }

  /** What a thread makes its own `Names` of. */
  get shared() { return { bytes: this.bytes.buffer, heads: this.heads, starts: this.starts, first: this.first, invokes: this.invokes }; }

  /** All places of the table. */
  get slots() { return this.first + this.starts.length; }

  hash(bytes, start, end) {
    let sum = 0;
    for (let i = start; i < end; i++) sum = Math.imul(sum ^ bytes[i], 0x01000193);
    return (sum ^ (sum >>> 15)) & (this.heads.length - 1);
  }

  /** 0 where there is none. */
  slot(text) {
    const name = Buffer.from(text);
    for (let at = this.hash(name, 0, name.length); this.heads[at]; at = (at + 1) & (this.heads.length - 1)) {
      const number = this.heads[at] - 1;
      const [start, end] = new Reader(this.bytes, this.starts[number]).name();
      if (this.bytes.compare(name, 0, name.length, start, end) === 0) return this.first + number;
    }
    return 0;
  }
}

/** An instance for the script that is loading. Its exports are where in the table they are said to be, and `dlsym` looks there. */
function instantiate(module, imports, names) {
  const { env } = imports;
  const original = env._dlsym_js;
  env._dlsym_js = Object.assign(function (handle, symbol, ...rest) {
    const name = UTF8ToString(symbol);
    return (!isSymbolDefined(name) && names.slot(name)) || original(handle, symbol, ...rest);
  }, original);
  const table = new WebAssembly.Table({ initial: names.slots, element: 'anyfunc' });
  const { save, ...invokes } = invoke.instantiate(names.invokes, table, env);
  const instance = new WebAssembly.Instance(module, { ...imports, env: { ...env, ...invokes }, slim: { table } });
  save.value = names.slot('emscripten_stack_get_current');
  if (!save.value) throw new Error('the module does not tell its stack pointer');
  globalThis.functionsInTableMap = new WeakMap();
  for (const [name, value] of Object.entries(instance.exports)) {
    const slot = typeof value === 'function' ? names.slot(name) : 0;
    if (slot) functionsInTableMap.set(value, slot);
  }
  gc();
  return instance;
}

/** The slimmed module of the script's folder, and the names of its functions. */
function load(script) {
  const bytes = fs.readFileSync(path.join(path.dirname(script), 'lean.wasm'));
  const { module, names, count, first, invokes } = slim(bytes, fs.readFileSync(script, 'utf8'));
  bytes.buffer.transfer(0);
  const compiled = new WebAssembly.Module(module);  // which keeps a copy of its own
  module.buffer.transfer(0);
  return [compiled, Names.of(names, count, first, new WebAssembly.Module(invokes))];
}

/** Makes Lean's module, for the main thread; the other one gets it from there. */
function start(script, imports) {
  const [module, names] = load(script);
  sharedModules[SHARED] = names.shared;
  return [instantiate(module, imports, names), module];
}

/** Runs Lean's script, in this context. */
function run(script) {
  globalThis.require = require;
  globalThis.__filename = script;
  globalThis.__dirname = path.dirname(script);
  vm.runInThisContext(fs.readFileSync(script, 'utf8'), { filename: script });
}

if (isMainThread) {
  module.exports = { start, run };
} else {
  globalThis.Module = {
    instantiateWasm(imports, done) { done(instantiate(wasmModule, imports, new Names(sharedModules[SHARED])), wasmModule); },
  };
  run(process.env.LEAN_SCRIPT);
}
