import type { HeaderEdits, HeaderField } from '@polywire/core/spi';
import { Malformed, RequestHead, ResponseHead } from '../head.ts';
import { HeaderBlock } from '../header-block.ts';
import { readRequest } from '../request-rules.ts';
import { readResponse } from '../response-rules.ts';

/** Names and values. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** The pseudo-headers of a request without peculiarities. */
export const GET: Pairs = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':authority', 'shop.example'],
  [':path', '/'],
];

/** As a decoder would make it. */
export function block(pairs: Pairs): HeaderBlock {
  const fields = pairs.map(([name, value]) => ({ name, value, neverIndexed: false }));
  return new HeaderBlock(fields, 0, false);
}

export function request(pairs: Pairs): RequestHead {
  const facts = readRequest(block(pairs));
  if (facts instanceof Malformed) throw new Error(facts.detail);
  return new RequestHead(facts, 100);
}

export function response(pairs: Pairs): ResponseHead {
  const facts = readResponse(block(pairs));
  if (facts instanceof Malformed) throw new Error(facts.detail);
  return new ResponseHead(facts, 100);
}

export function pairsOf(fields: readonly HeaderField[] | undefined): Pairs | undefined {
  return fields?.map(({ name, value }) => [name, value] as const);
}

export function edits(change: { remove?: string[]; set?: Record<string, string>; add?: Record<string, string> }): HeaderEdits {
  return { remove: change.remove ?? [], set: new Map(Object.entries(change.set ?? {})), add: new Map(Object.entries(change.add ?? {})) };
}
