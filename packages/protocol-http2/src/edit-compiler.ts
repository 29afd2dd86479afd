import type { HeaderEdits } from '@polywire/core/spi';
import { isAuthority } from './authority.ts';
import { quote } from './faults.ts';
import { CONNECTION_SPECIFIC, CONTENT_LENGTH, ILLEGAL, isFieldValue, kindOf, TE } from './field-rules.ts';
import { toValue } from './text.ts';

type Side = 'request' | 'response';

/** Edits as fields have them: names in lower case, values one character a byte. */
export interface CompiledEdits {
  readonly remove: ReadonlySet<string>;
  readonly set: ReadonlyMap<string, string>;
  readonly add: ReadonlyMap<string, string>;
  /** By `:authority` or `host`. */
  readonly authority: string | undefined;
}

const COMPILED = {
  request: new WeakMap<HeaderEdits, CompiledEdits | string>(),
  response: new WeakMap<HeaderEdits, CompiledEdits | string>(),
};

/** A text says why the edits cannot be made. */
export function compileEdits(edits: HeaderEdits, side: Side): CompiledEdits | string {
  const known = COMPILED[side].get(edits);
  if (known !== undefined) return known;
  const compiled = compile(edits, side);
  COMPILED[side].set(edits, compiled);
  return compiled;
}

function compile(edits: HeaderEdits, side: Side): CompiledEdits | string {
  const remove = new Set<string>();
  const set = new Map<string, string>();
  const add = new Map<string, string>();
  let authority: string | undefined;
  for (const written of edits.remove) {
    const name = written.toLowerCase();
    const fault = removalFault(name, side);
    if (fault !== undefined) return fault;
    remove.add(name);
  }
  for (const [written, text] of edits.set) {
    const name = written.toLowerCase();
    const value = toValue(text.trim());
    if (side === 'request' && (name === ':authority' || name === 'host')) {
      if (value === '' || !isAuthority(value)) return `${quote(value)} is no host`;
      authority = value;
      continue;
    }
    const fault = valueFault(name, value, side);
    if (fault !== undefined) return fault;
    set.set(name, value);
  }
  for (const [written, text] of edits.add) {
    const name = written.toLowerCase();
    const value = toValue(text.trim());
    const fault = side === 'request' && name === 'host' ? 'a request has one host: set it' : valueFault(name, value, side);
    if (fault !== undefined) return fault;
    add.set(name, value);
  }
  return { remove, set, add, authority };
}

function removalFault(name: string, side: Side): string | undefined {
  if (side === 'request' && (name === ':authority' || name === 'host')) return 'requests need their host: it can be set, not removed';
  return name.startsWith(':') ? pseudoFault(name) : undefined;
}

/** What would make a message malformed, or lie about its body. */
function valueFault(name: string, value: string, side: Side): string | undefined {
  if (name.startsWith(':')) return pseudoFault(name);
  switch (kindOf(name)) {
    case ILLEGAL:
      return `${quote(name)} is no name of a header`;
    case CONNECTION_SPECIFIC:
      return `HTTP/2 has no header ${quote(name)}`;
    case CONTENT_LENGTH:
      return 'content-length is that of the body, which no rule changes';
    case TE:
      return side === 'request' && value.toLowerCase() === 'trailers' ? undefined : 'te can say nothing but trailers, and that in requests';
    default:
      return isFieldValue(value) ? undefined : `${quote(value)} cannot be the value of header ${quote(name)}`;
  }
}

function pseudoFault(name: string): string {
  return `${quote(name)} stays: of pseudo-headers only the :authority of a request can be set`;
}
