// Values of every shape that must come back as they were sent.
import Int64 from 'node-int64';
import { generated } from './wire.mjs';

const { Color, Everything, Point } = generated('call_types');
const TEXT = 'aé你😀';
const BYTES = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
const MIN = new Int64('8000000000000000');
const MAX = new Int64('7fffffffffffffff');

function everything(children) {
  return new Everything({
    yes: true,
    no: false,
    tiny: -128,
    small: -32768,
    number: -2147483648,
    big: MAX,
    real: -1.5e300,
    text: TEXT,
    bytes: BYTES,
    color: Color.BLUE,
    point: new Point({ x: 1, y: -1 }),
    flags: [true, false, true],
    numbers: Array.from({ length: 30 }, (_, index) => index - 10),
    names: ['x', 'y'],
    counts: { one: new Int64(1), min: MIN },
    table: [['a'], [], ['b', 'c']],
    groups: { g: [new Point({ x: 1, y: 2 }), new Point({ x: 3, y: 4 })], none: [] },
    deep: { 7: { s: [1, 2, -3] } },
    children,
    nothing: {},
    far: 'far',
  });
}

export const SHAPES = [
  ['no argument', 'nothing'],
  ['text', 'echoString', TEXT],
  ['empty text', 'echoString', ''],
  ['long text', 'echoString', TEXT.repeat(3000)],
  ['bytes', 'echoBinary', BYTES],
  ['empty bytes', 'echoBinary', Buffer.alloc(0)],
  ['structure', 'echoEverything', everything([everything([]), everything([])])],
  ['bare structure', 'echoEverything', new Everything()],
  ['list', 'echoList', ['a', '', TEXT]],
  ['empty list', 'echoList', []],
  ['long list', 'echoList', Array.from({ length: 300 }, (_, index) => String(index))],
  ['map', 'echoMap', { one: new Int64(1), big: new Int64('0020000000000001'), min: MIN }],
  ['empty map', 'echoMap', {}],
];

export async function compare(call, method, value) {
  const sent = canonical(value);
  const back = canonical(await call(method, value === undefined ? [] : [value]));
  return sent === back ? 'equal' : `${sent} came back as ${back}`;
}

/** The value as text that is the same for the same value: sets and maps have no order. */
function canonical(value) {
  return JSON.stringify(plain(value)) ?? 'nothing';
}

export function plain(value, key = '') {
  if (value instanceof Int64) return value.toOctetString();
  if (Buffer.isBuffer(value)) return value.toString('base64');
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item));
    // `names` and what is in `deep` are sets.
    return key === 'names' || key === 's' ? items.sort() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, plain(item, name)]);
  return Object.fromEntries(entries.filter(([, item]) => item !== null && item !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)));
}
