/*
 * A reader of pickles (Python's pickletools, protocols 2 to 5) that can make numbers, strings, tuples, lists, dicts
 * and tensors, and nothing else. Where Python would import a name or call a function, this looks the name up in a
 * short table of what tensors are made with; any other name is an error, or with `inert` an object that does
 * nothing. So a file can lie, and no file can run anything.
 */
import { PickleCursor } from './pickle-cursor.js';
import { callGlobal, knownGlobal } from './pickle-globals.js';
import { isKind, type PickleKey, type PickleValue } from './pickle-values.js';
import { makeStorage } from './torch-storage.js';

/** Options of {@link readPickle}. */
export interface PickleOptions {
  /** Whether objects of unknown classes become inert ones instead of an error. Default is `false`. */
  readonly inert?: boolean | undefined;
}

const mostOnStack = 2 ** 20;
const mostRemembered = 2 ** 22;
const longestInteger = 64;

/**
 * What a pickle holds.
 * @param what names it in messages
 * @throws E_FORMAT, E_DTYPE
 */
export function readPickle(bytes: Uint8Array, what: string, options: PickleOptions = {}): PickleValue {
  return new PickleMachine(new PickleCursor(bytes, what), options.inert ?? false).run();
}

class PickleMachine {
  readonly #cursor: PickleCursor;
  readonly #inert: boolean;
  #stack: PickleValue[] = [];
  readonly #marked: PickleValue[][] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(cursor: PickleCursor, inert: boolean) {
    this.#cursor = cursor;
    this.#inert = inert;
  }

  run(): PickleValue {
    for (;;) {
      const code = this.#cursor.u8();
      if (code === 0x2e) return this.#pop(); // STOP
      this.#step(code);
    }
  }

  #step(code: number): void {
    const cursor = this.#cursor;
    switch (code) {
      case 0x80: // PROTO
        if (cursor.u8() > 5) throw cursor.error('is of a protocol above 5');
        return;
      case 0x95: // FRAME
        cursor.count64();
        return;
      case 0x28: // MARK
        this.#marked.push(this.#stack);
        if (this.#marked.length > mostOnStack) throw cursor.error('nests too deep');
        this.#stack = [];
        return;
      case 0x30: // POP
        this.#pop();
        return;
      case 0x31: // POP_MARK
        this.#sinceMark();
        return;
      case 0x32: // DUP
        this.#push(this.#top());
        return;
      case 0x4e: // NONE
        this.#push(null);
        return;
      case 0x88: // NEWTRUE
        this.#push(true);
        return;
      case 0x89: // NEWFALSE
        this.#push(false);
        return;
      case 0x4a: // BININT
        this.#push(cursor.i32());
        return;
      case 0x4b: // BININT1
        this.#push(cursor.u8());
        return;
      case 0x4d: // BININT2
        this.#push(cursor.u16());
        return;
      case 0x8a: // LONG1
        this.#push(this.#integer(cursor.u8()));
        return;
      case 0x8b: // LONG4
        this.#push(this.#integer(cursor.u32()));
        return;
      case 0x47: // BINFLOAT
        this.#push(cursor.f64());
        return;
      case 0x8c: // SHORT_BINUNICODE
        this.#push(cursor.text(cursor.u8()));
        return;
      case 0x58: // BINUNICODE
      case 0x54: // BINSTRING
        this.#push(cursor.text(cursor.u32()));
        return;
      case 0x8d: // BINUNICODE8
        this.#push(cursor.text(cursor.count64()));
        return;
      case 0x55: // SHORT_BINSTRING
        this.#push(cursor.text(cursor.u8()));
        return;
      case 0x43: // SHORT_BINBYTES
        this.#push(cursor.bytes(cursor.u8()));
        return;
      case 0x42: // BINBYTES
        this.#push(cursor.bytes(cursor.u32()));
        return;
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        this.#push(cursor.bytes(cursor.count64()));
        return;
      case 0x63: // GLOBAL
        this.#push(this.#global(`${cursor.line()}.${cursor.line()}`));
        return;
      case 0x93: // STACK_GLOBAL
        this.#stackGlobal();
        return;
      default:
        this.#build(code);
        return;
    }
  }

  #build(code: number): void {
    const cursor = this.#cursor;
    switch (code) {
      case 0x29: // EMPTY_TUPLE
        this.#push({ kind: 'tuple', items: [] });
        return;
      case 0x5d: // EMPTY_LIST
      case 0x8f: // EMPTY_SET
        this.#push({ kind: 'list', items: [] });
        return;
      case 0x7d: // EMPTY_DICT
        this.#push({ kind: 'dict', entries: new Map() });
        return;
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        this.#push({ kind: 'tuple', items: this.#popMany(code - 0x84) });
        return;
      case 0x74: // TUPLE
        this.#push({ kind: 'tuple', items: this.#sinceMark() });
        return;
      case 0x6c: // LIST
      case 0x91: // FROZENSET
        this.#push({ kind: 'list', items: this.#sinceMark() });
        return;
      case 0x64: // DICT
        this.#push({ kind: 'dict', entries: this.#pairs(this.#sinceMark()) });
        return;
      case 0x61: // APPEND
        this.#append(this.#popMany(1));
        return;
      case 0x65: // APPENDS
      case 0x90: // ADDITEMS
        this.#append(this.#sinceMark());
        return;
      case 0x73: // SETITEM
        this.#setItems(this.#popMany(2));
        return;
      case 0x75: // SETITEMS
        this.#setItems(this.#sinceMark());
        return;
      case 0x71: // BINPUT
        this.#remember(cursor.u8());
        return;
      case 0x72: // LONG_BINPUT
        this.#remember(cursor.u32());
        return;
      case 0x94: // MEMOIZE
        this.#remember(this.#memo.size);
        return;
      case 0x68: // BINGET
        this.#recall(cursor.u8());
        return;
      case 0x6a: // LONG_BINGET
        this.#recall(cursor.u32());
        return;
      case 0x51: // BINPERSID
        this.#push(makeStorage(this.#pop(), cursor));
        return;
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.#popMany(2) as [PickleValue, PickleValue];
        this.#push(callGlobal(callee, args, cursor));
        return;
      }
      case 0x62: // BUILD
        this.#setState(this.#pop());
        return;
      default:
        throw cursor.error(`has the operation 0x${code.toString(16).padStart(2, '0')}, which is not read`);
    }
  }

  #push(value: PickleValue): void {
    if (this.#stack.length >= mostOnStack) throw this.#cursor.error('puts too much on its stack');
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#cursor.error('takes from an empty stack');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.#cursor.error('takes from an empty stack');
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#cursor.error('takes from an empty stack');
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #sinceMark(): PickleValue[] {
    const items = this.#stack;
    const before = this.#marked.pop();
    if (!before) throw this.#cursor.error('goes back to a mark that is not there');
    this.#stack = before;
    return items;
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!isKind(list, 'list')) throw this.#cursor.error('appends to what is no list');
    for (const item of items) list.items.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const target = this.#top();
    if (isKind(target, 'inert')) return;
    if (!isKind(target, 'dict')) throw this.#cursor.error('sets items of what is no dict');
    for (const [key, value] of this.#pairs(items)) target.entries.set(key, value);
  }

  #pairs(items: readonly PickleValue[]): Map<PickleKey, PickleValue> {
    if (items.length % 2 !== 0) throw this.#cursor.error('has a key without a value');
    const pairs = new Map<PickleKey, PickleValue>();
    for (let index = 0; index < items.length; index += 2) {
      const key = items[index]!;
      if (typeof key === 'object' && key !== null) {
        if (this.#inert) continue;
        throw this.#cursor.error('has a key that is neither text nor number');
      }
      pairs.set(key, items[index + 1]!);
    }
    return pairs;
  }

  #remember(index: number): void {
    if (this.#memo.size >= mostRemembered) throw this.#cursor.error('remembers too much');
    this.#memo.set(index, this.#top());
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#cursor.error(`recalls ${index}, which it never remembered`);
    this.#push(value);
  }

  #global(name: string): PickleValue {
    return knownGlobal(name, { inert: this.#inert, cursor: this.#cursor });
  }

  #stackGlobal(): void {
    const [module, name] = this.#popMany(2);
    if (typeof module !== 'string' || typeof name !== 'string') {
      throw this.#cursor.error('has a name that is no text');
    }
    this.#push(this.#global(`${module}.${name}`));
  }

  /** The state of an object: attributes of an inert one, nothing that tensors or dicts need. */
  #setState(state: PickleValue): void {
    const target = this.#top();
    if (isKind(target, 'inert')) {
      if (isKind(state, 'dict')) target.attributes = state;
      return;
    }
    // An OrderedDict of a module has `_metadata`: versions of its parts.
    if (!isKind(target, 'dict')) throw this.#cursor.error('sets the state of what is no object');
  }

  #integer(length: number): number | bigint {
    if (length > longestInteger) throw this.#cursor.error(`has an integer of ${length} bytes`);
    const bytes = this.#cursor.bytes(length);
    let value = 0n;
    for (let index = length - 1; index >= 0; index--) value = (value << 8n) | BigInt(bytes[index]!);
    const signed = length > 0 ? BigInt.asIntN(8 * length, value) : 0n;
    return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed;
  }
}
