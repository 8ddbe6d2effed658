import { FormatError } from "./format-error.ts";
import { limits } from "./limits.ts";

/**
 * A pickle read as data. Nothing in it is ever called: REDUCE, NEWOBJ and BUILD leave a `PickleInstance` that says what Python would have
 * called and with what, and the readers of torch, numpy and Stable-Baselines3 objects look inside. Lists and tuples are arrays.
 */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | Set<Pickled>
  | PickleGlobal
  | PickleInstance;

/** A class or function named, not called. */
export class PickleGlobal {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What `name(*args)` would have made, with its later state and items. */
export class PickleInstance {
  readonly name: string;
  readonly args: readonly Pickled[];
  state: Pickled = null;
  entries: Map<Pickled, Pickled> | undefined;
  items: Pickled[] | undefined;
  constructor(name: string, args: readonly Pickled[]) {
    this.name = name;
    this.args = args;
  }
}

/** Name of instances that stand for persistent ids (torch storages): `args[0]` is the id. */
export const PERSISTENT = "persistent id";

export interface PickleOptions {
  /** Whether a global, written module.name, may appear at all. */
  readonly allow: (name: string) => boolean;
  readonly start?: number;
  /** The next step where a global is refused. */
  readonly instead?: string;
}

const again = "save the file again";

/**
 * Protocols 0 to 5, without extension codes and out-of-band buffers: one case an opcode, hence the length. Time and memory are linear in the bytes read.
 * An own machine because a general unpickler resolves what it does not know, moves backwards on negative lengths and accepts unbalanced stacks.
 * @returns the value and the offset after STOP
 * @throws FormatError on a global outside the allow-list and on anything malformed
 */
export function readPickle(bytes: Uint8Array, file: string, options: PickleOptions): { readonly value: Pickled; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const memo: Pickled[] = [];
  let stored = 0;
  const marks: Pickled[][] = [];
  let stack: Pickled[] = [];
  let at = options.start ?? 0;

  const bad = (problem: string) => new FormatError(file, `the pickle at byte ${at}`, problem, again);
  const take = (n: number) => {
    if (!(n >= 0 && n <= bytes.length - at)) throw bad("is cut off");
    at += n;
    return at - n;
  };
  const blob = (n: number) => {
    const from = take(n);
    return bytes.subarray(from, from + n);
  };
  const u8 = () => bytes[take(1)];
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end - at > 65_536) throw bad("has a line without an end");
    const text = latin1.decode(bytes.subarray(at, end));
    at = end + 1;
    return text;
  };
  const text = (n: number) => utf8.decode(blob(n));
  const pop = (): Pickled => {
    if (stack.length === 0) throw bad("takes from an empty stack");
    return stack.pop() as Pickled;
  };
  const top = (): Pickled => {
    if (stack.length === 0) throw bad("takes from an empty stack");
    return stack[stack.length - 1];
  };
  const sinceMark = (): Pickled[] => {
    const items = stack;
    const outer = marks.pop();
    if (!outer) throw bad("has no mark to go back to");
    stack = outer;
    return items;
  };
  const recall = (index: number): Pickled => {
    const value = memo[index];
    if (value === undefined) throw bad(`recalls entry ${index}, which was never stored`);
    return value;
  };
  const store = (index: number) => {
    if (memo[index] === undefined) stored++;
    memo[index] = top();
  };
  const named = (module: Pickled, name: Pickled): PickleGlobal => {
    if (typeof module !== "string" || typeof name !== "string") throw bad("names a global without text");
    const full = `${module}.${name}`;
    if (!options.allow(full))
      throw new FormatError(
        file,
        `the pickle global ${printable(full)}`,
        "is not on the list of harmless names, and nothing was run",
        options.instead ?? "save plain arrays, numbers and text",
      );
    return new PickleGlobal(full);
  };
  const make = (callee: Pickled, args: Pickled): Pickled => {
    if (!(callee instanceof PickleGlobal)) throw bad("calls something that is not a name");
    if (!Array.isArray(args)) throw bad("calls without arguments");
    if (callee.name === "collections.OrderedDict" || callee.name === "builtins.dict") return pairs(args[0]);
    if (callee.name === "builtins.set" || callee.name === "__builtin__.set") return new Set(Array.isArray(args[0]) ? args[0] : []);
    return new PickleInstance(callee.name, args);
  };
  const pairs = (list: Pickled): Pickled => {
    const map = new Map<Pickled, Pickled>();
    if (list === undefined || list === null) return map;
    if (!Array.isArray(list)) throw bad("makes a dictionary from something else than pairs");
    for (const pair of list) {
      if (!Array.isArray(pair) || pair.length !== 2) throw bad("makes a dictionary from something else than pairs");
      put(map, pair[0], pair[1]);
    }
    return map;
  };
  const put = (target: Pickled, key: Pickled, value: Pickled) => {
    if (target instanceof PickleInstance) target.entries ??= new Map();
    const map = target instanceof Map ? target : target instanceof PickleInstance ? target.entries : undefined;
    if (!map) throw bad("sets an entry of something that has none");
    if (map.has(key)) throw bad(`sets the key ${printable(String(key))} twice`);
    map.set(key, value);
  };
  const putAll = (target: Pickled, items: readonly Pickled[]) => {
    if (items.length % 2) throw bad("sets a key without a value");
    for (let i = 0; i < items.length; i += 2) put(target, items[i], items[i + 1]);
    return target;
  };
  const append = (target: Pickled, items: readonly Pickled[]) => {
    if (target instanceof PickleInstance) target.items ??= [];
    const list = Array.isArray(target) ? target : target instanceof PickleInstance ? target.items : undefined;
    if (!list) throw bad("appends to something that is not a list");
    for (const item of items) list.push(item);
  };

  for (let count = 0; ; count++) {
    if (count > limits.opcodes) throw bad(`has more than ${limits.opcodes} opcodes`);
    const opcode = u8();
    switch (opcode) {
      case 0x80: // PROTO
        if (u8() > 5) throw bad("is of a protocol above 5");
        break;
      case 0x95: // FRAME
        if (u64() > bytes.length - at) throw bad("is cut off");
        break;
      case 0x2e: {
        // STOP
        const value = pop();
        if (marks.length > 0 || stack.length > 0) throw bad("leaves values behind");
        return { value, end: at };
      }
      case 0x28: // MARK
        marks.push(stack);
        stack = [];
        break;
      case 0x31: // POP_MARK
        sinceMark();
        break;
      case 0x30: // POP
        if (stack.length > 0) stack.pop();
        else sinceMark();
        break;
      case 0x32: // DUP
        stack.push(top());
        break;
      case 0x70: // PUT
        store(Math.abs(integer(line(), bad)));
        break;
      case 0x71: // BINPUT
        store(u8());
        break;
      case 0x72: // LONG_BINPUT
        store(u32());
        break;
      case 0x94: // MEMOIZE
        store(stored);
        break;
      case 0x67: // GET
        stack.push(recall(Math.abs(integer(line(), bad))));
        break;
      case 0x68: // BINGET
        stack.push(recall(u8()));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(recall(u32()));
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x49: {
        // INT
        const digits = line();
        stack.push(digits === "00" ? false : digits === "01" ? true : integer(digits, bad));
        break;
      }
      case 0x4c: // LONG
        stack.push(integer(line().replace(/L$/, ""), bad));
        break;
      case 0x46: {
        // FLOAT
        const digits = line();
        const value = digits === "inf" ? Infinity : digits === "-inf" ? -Infinity : digits === "nan" ? Number.NaN : Number(digits);
        if (Number.isNaN(value) && digits !== "nan") throw bad("has a number that is none");
        stack.push(value);
        break;
      }
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x4b: // BININT1
        stack.push(u8());
        break;
      case 0x4d: // BININT2
        stack.push(u16());
        break;
      case 0x8a: // LONG1
        stack.push(long(blob(u8())));
        break;
      case 0x8b: {
        // LONG4
        const length = u32();
        if (length > 1024) throw bad("has an integer of more than 1024 bytes");
        stack.push(long(blob(length)));
        break;
      }
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x53: {
        // STRING
        const quoted = /^(['"])(.*)\1$/s.exec(line());
        if (!quoted) throw bad("has text without quotes");
        stack.push(quoted[2]);
        break;
      }
      case 0x54: // BINSTRING
        stack.push(latin1.decode(blob(u32())));
        break;
      case 0x55: // SHORT_BINSTRING
        stack.push(latin1.decode(blob(u8())));
        break;
      case 0x56: // UNICODE
        stack.push(line().replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))));
        break;
      case 0x58: // BINUNICODE
        stack.push(text(u32()));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(text(u8()));
        break;
      case 0x8d: // BINUNICODE8
        stack.push(text(u64()));
        break;
      case 0x42: // BINBYTES
        stack.push(blob(u32()));
        break;
      case 0x43: // SHORT_BINBYTES
        stack.push(blob(u8()));
        break;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        stack.push(blob(u64()));
        break;
      case 0x98: // READONLY_BUFFER
        top();
        break;
      case 0x29: // EMPTY_TUPLE
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        break;
      case 0x74: // TUPLE
      case 0x6c: {
        // LIST
        const items = sinceMark();
        stack.push(items);
        break;
      }
      case 0x85: // TUPLE1
        stack.push([pop()]);
        break;
      case 0x86: {
        // TUPLE2
        const b = pop();
        stack.push([pop(), b]);
        break;
      }
      case 0x87: {
        // TUPLE3
        const c = pop();
        const b = pop();
        stack.push([pop(), b, c]);
        break;
      }
      case 0x61: {
        // APPEND
        const item = pop();
        append(top(), [item]);
        break;
      }
      case 0x65: {
        // APPENDS
        const items = sinceMark();
        append(top(), items);
        break;
      }
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x64: {
        // DICT
        const items = sinceMark();
        stack.push(putAll(new Map(), items));
        break;
      }
      case 0x73: {
        // SETITEM
        const value = pop();
        const key = pop();
        put(top(), key, value);
        break;
      }
      case 0x75: {
        // SETITEMS
        const items = sinceMark();
        putAll(top(), items);
        break;
      }
      case 0x8f: // EMPTY_SET
        stack.push(new Set());
        break;
      case 0x91: {
        // FROZENSET
        const items = sinceMark();
        stack.push(new Set(items));
        break;
      }
      case 0x90: {
        // ADDITEMS
        const items = sinceMark();
        const set = top();
        if (!(set instanceof Set)) throw bad("adds to something that is not a set");
        for (const item of items) set.add(item);
        break;
      }
      case 0x63: {
        // GLOBAL
        const module = line();
        stack.push(named(module, line()));
        break;
      }
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        stack.push(named(pop(), name));
        break;
      }
      case 0x69: {
        // INST
        const module = line();
        const global = named(module, line());
        const args = sinceMark();
        stack.push(make(global, args));
        break;
      }
      case 0x6f: {
        // OBJ
        const [callee, ...args] = sinceMark();
        stack.push(make(callee, args));
        break;
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const args = pop();
        stack.push(make(pop(), args));
        break;
      }
      case 0x92: {
        // NEWOBJ_EX
        pop();
        const args = pop();
        stack.push(make(pop(), args));
        break;
      }
      case 0x62: {
        // BUILD
        const state = pop();
        const target = top();
        if (target instanceof PickleInstance) target.state = state;
        else if (!(target instanceof Map)) throw bad("gives a state to something that has none");
        break;
      }
      case 0x50: // PERSID
        stack.push(new PickleInstance(PERSISTENT, [line()]));
        break;
      case 0x51: // BINPERSID
        stack.push(new PickleInstance(PERSISTENT, [pop()]));
        break;
      default:
        throw bad(`has the opcode 0x${opcode.toString(16)}, which plain data never needs`);
    }
  }
}

const utf8 = new TextDecoder();
const latin1 = new TextDecoder("latin1");

function integer(digits: string, bad: (problem: string) => FormatError): number {
  if (!/^-?\d{1,18}$/.test(digits)) throw bad("has an integer that is none");
  return Number(digits);
}

/** Little-endian two's complement. Beyond 2^53 it stays a bigint. */
function long(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]);
  if (bytes.length > 0 && bytes[bytes.length - 1] & 0x80) value -= 1n << BigInt(8 * bytes.length);
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}

/** Text of a hostile file, safe to print. */
export function printable(text: string): string {
  const clean = text.replace(/[^\x20-\x7e]/g, "?");
  return clean.length > 80 ? `${clean.slice(0, 77)}...` : clean;
}
