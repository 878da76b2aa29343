// Calls that may throw, without JavaScript. Emscripten compiles every call in a C++ `try`, or beside what has a destructor, to one of an
// import, `invoke_viii` and its like, which the script has as a JavaScript function: look the callee up, call it, catch what it throws. Lean's
// interpreter makes some of each step, and a quarter of its time was spent on the way from WebAssembly to JavaScript and back.
//
// Here these imports are a small WebAssembly module of their own, written below byte by byte. It calls through Lean's function table and
// catches with JavaScript's own tag. JavaScript is only asked where something was thrown, and then does what the script's function did; and
// where the callee has another type than it is called by, which JavaScript does not mind: some of Lean's C++ says it otherwise than Lean does.
// `slim.js` makes the table and joins the two.
'use strict';

const TYPES = 1, IMPORTS = 2, FUNCTIONS = 3, GLOBALS = 6, EXPORTS = 7, CODE = 10;
const I32 = 0x7f, ANY = 0x6f;  // the latter is any JavaScript value
const FUNCTION_TYPE = 0x60, NOTHING = 0x40;
const ZERO = { 0x7f: [0x41, 0], 0x7e: [0x42, 0], 0x7d: [0x43, 0, 0, 0, 0], 0x7c: [0x44, 0, 0, 0, 0, 0, 0, 0, 0] };

function leb(value) {
  const bytes = [];
  do {
    bytes.push((value & 127) | (value > 127 ? 128 : 0));
    value = Math.floor(value / 128);
  } while (value);
  return bytes;
}

/** As a signed number, which positions are. */
const signed = (value) => {
  const bytes = leb(value);
  if (!(bytes.at(-1) & 64)) return bytes;
  bytes[bytes.length - 1] |= 128;
  return [...bytes, 0];
};

const vector = (items) => [...leb(items.length), ...items.flat()];
const text = (word) => vector([...Buffer.from(word)].map((byte) => [byte]));
const type = (params, results) => [FUNCTION_TYPE, ...vector(params.map((p) => [p])), ...vector(results.map((r) => [r]))];
const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];

/** The module for the imports `wanted`: name, and what it takes and gives. The first parameter is the callee's place in the table. */
function written(wanted) {
  const SAVE = 0, CAUGHT = 1, THROWN = 2;  // types
  const types = [type([], [I32]), type([ANY, I32], []), type([ANY], [])];
  const bodies = wanted.map(({ params, results }, number) => {
    const mine = types.push(type(params, results), type(params.slice(1), results)) - 2;
    const pointer = params.length;  // the stack pointer before the call, in a variable
    const given = params.flatMap((_, i) => [0x20, ...leb(i)]);  // local.get
    const code = [
      1, 1, I32,
      0x20, 0, 0x25, 0, 0xfb, 0x14, ...signed(mine + 1), 0x45, 0x04, NOTHING,  // local.get, table.get, ref.test, i32.eqz, if
      ...given, 0x10, ...leb(number + 1), 0x0f, 0x0b,  // call of the script's, return
      0x23, 0, 0x11, SAVE, 0, 0x21, ...leb(pointer),  // global.get, call_indirect, local.set
      0x06, results.length ? results[0] : NOTHING,  // try
      ...given.slice(2), 0x20, 0,
      0x11, ...leb(mine + 1), 0,
      0x07, 0, 0x20, ...leb(pointer), 0x10, 0, ...(results.length ? ZERO[results[0]] : []),  // catch: call
      0x0b, 0x0b,
    ];
    return { mine, code, number };
  });
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(TYPES, vector(types)),
    ...section(IMPORTS, vector([
      [...text('to'), ...text('caught'), 0, CAUGHT],
      ...bodies.map(({ mine, number }) => [...text('script'), ...text(wanted[number].name), 0, ...leb(mine)]),
      [...text('to'), ...text('table'), 1, 0x70, 0, 0],
      [...text('to'), ...text('tag'), 4, 0, THROWN],
    ])),
    ...section(FUNCTIONS, vector(bodies.map(({ mine }) => leb(mine)))),
    ...section(GLOBALS, vector([[I32, 1, 0x41, 0, 0x0b]])),
    ...section(EXPORTS, vector([
      [...text('save'), 3, 0],
      ...bodies.map(({ number }) => [...text(wanted[number].name), 0, ...leb(number + 1 + wanted.length)]),
    ])),
    ...section(CODE, vector(bodies.map(({ code }) => [...leb(code.length), ...code]))),
  ]);
}

/** Those of a module's imports that call what may throw. `read` reads its bytes, `types` and `imports` are where its sections begin. */
function wanted(read, types, imports) {
  const of = [];
  read.at = types;
  const list = () => Array.from({ length: read.number() }, () => read.bytes[read.at++]);
  for (let left = read.number(); left; left--) {
    if (read.bytes[read.at++] !== FUNCTION_TYPE) throw new Error('the module has types of another kind');
    of.push({ params: list(), results: list() });
  }
  const found = [];
  read.at = imports;
  for (let left = read.number(); left; left--) {
    read.name();
    const name = read.bytes.latin1Slice(...read.name());
    switch (read.bytes[read.at++]) {
      case 0: {
        const type = of[read.number()];
        if (/^invoke_[vijfd]+$/.test(name) && type.results.length < 2) found.push({ name, ...type });
        break;
      }
      case 2: if (read.number() & 1) read.number(); read.number(); break;
      case 3: read.at += 2; break;
      default: throw new Error('the module imports something of another kind');
    }
  }
  return found;
}

/** An instance over Lean's function table; `script` has the script's own functions of these names. `save` is the place there of what tells the stack pointer, known once Lean's instance is there. */
function instantiate(module, table, script) {
  const caught = (thrown, pointer) => {
    stackRestore(pointer);
    if (thrown !== thrown + 0) throw thrown;  // a C++ exception is a number
    _setThrew(1, 0);
  };
  return new WebAssembly.Instance(module, { to: { caught, table, tag: WebAssembly.JSTag }, script }).exports;
}

module.exports = { instantiate, leb, signed, wanted, written };
