import type { HeaderField } from '@polywire/core/spi';
import type { HpackDecoder } from './decoder.ts';
import type { HpackEncoder } from './encoder.ts';

/** Repeatable: a failure prints the seed that it began with. */
export const SEED = Number(process.env['POLYWIRE_SEED'] ?? (process.env['CI'] === undefined ? Date.now() % 1_000_000 : 7541));

/** How much longer than usual to run. */
const LONGER = Number(process.env['POLYWIRE_FUZZ_RUNS'] ?? 500) / 500;

export function runs(usual: number): number {
  return Math.ceil(usual * LONGER);
}

export type Random = (below: number) => number;

export function generator(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

export function field(name: string, value: string, neverIndexed = false): HeaderField {
  return { name, value, neverIndexed };
}

export function bytes(hex: string): Buffer {
  return Buffer.from(hex.replaceAll(/\s/g, ''), 'hex');
}

/** Decodes hex. */
export function decode(decoder: HpackDecoder, hex: string): readonly HeaderField[] {
  const block = bytes(hex);
  return decoder.decode(block, 0, block.length).fields;
}

/** A block of its own. */
export function encode(encoder: HpackEncoder, fields: readonly HeaderField[]): Buffer {
  const out = Buffer.alloc(encoder.bound(fields) + 3);
  const end = encoder.encode(fields, out, 3);
  return out.subarray(3, end);
}

const NAMES = [
  ':path',
  ':authority',
  'accept-encoding',
  'age',
  'authorization',
  'content-length',
  'content-type',
  'cookie',
  'date',
  'grpc-timeout',
  'location',
  'te',
  'traceparent',
  'user-agent',
];
const VALUES = ['', '/', '/index.html', '200', 'GET', 'application/grpc', 'gzip, deflate', 'identity', 'trailers', '1S'];

/** Lists as calls carry them: some names and values come often, others never again; sometimes a list comes again as it is. */
export class HeaderLists {
  readonly #random: Random;
  readonly #character: (random: Random) => number;
  readonly #known: (readonly HeaderField[])[] = [];

  /** @param character of values: any byte when absent */
  constructor(random: Random, character: (random: Random) => number = () => random(256)) {
    this.#random = random;
    this.#character = character;
  }

  next(): readonly HeaderField[] {
    const random = this.#random;
    const known = this.#known[random(60)];
    if (known !== undefined && random(2) === 0) return known;
    const fields = Array.from({ length: random(12) }, () => this.#field());
    this.#known[random(this.#known.length < 30 ? this.#known.length + 1 : 30)] = fields;
    return fields;
  }

  #field(): HeaderField {
    const random = this.#random;
    const name = random(4) === 0 ? `x-${'n'.repeat(random(20))}${random(40)}` : NAMES[random(NAMES.length)];
    return field(name ?? 'te', this.value(), random(12) === 0);
  }

  value(): string {
    const random = this.#random;
    if (random(2) === 0) return VALUES[random(VALUES.length)] ?? '';
    const length = random(20) === 0 ? random(6000) : random(70);
    if (random(2) === 0) return 'v'.repeat(length % 30) + random(8);
    let value = '';
    while (value.length < length) value += String.fromCharCode(this.#character(random));
    return value;
  }
}
