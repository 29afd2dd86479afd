import {
  ConfigError,
  type HeaderField,
  type HeaderScan,
  type HeadReader,
  type LookupResult,
  type Outcome,
  type ScanRequest,
} from '@polywire/core/spi';
import { hostOf } from './authority.ts';
import { compileEdits } from './edit-compiler.ts';
import { quote } from './faults.ts';
import { isFieldName } from './field-rules.ts';
import type { RequestFacts, RequestHead, ResponseHead } from './head.ts';
import { trailersOutcome } from './outcome.ts';
import { toText } from './text.ts';

/** Level 3. A service is a host, a method a path without its query. */
export const heads: HeadReader<RequestHead, ResponseHead> = {
  methodIsPath: true,
  service: ({ facts }) => {
    facts.service ??= hostOf(facts.authority);
    return facts.service;
  },
  method: ({ facts }) => {
    facts.pathOnly ??= withoutQuery(facts.path);
    return facts.pathOnly;
  },
  scan: (wanted) => new RequestScan(wanted),
  editFault: (edits, of) => {
    const compiled = compileEdits(edits, of);
    return typeof compiled === 'string' ? compiled : undefined;
  },
  setRemainingMs: (head, ms) => {
    if (head.facts.timeoutMs > 0) head.remainingMs = ms;
  },
  outcome: ({ facts }): Outcome => facts.outcome,
  trailersOutcome,
  notes: ({ facts: { method } }, response, trailers) => {
    const notes = [method];
    if (response !== undefined) notes.push(String(response.facts.status));
    const status = [...trailers, ...(response?.facts.fields ?? [])].find(({ name }) => name === 'grpc-status');
    if (status !== undefined) notes.push(`grpc-status=${status.value}`);
    return notes;
  },
  size: ({ wireBytes }) => wireBytes,
};

function withoutQuery(path: string): string {
  const query = path.indexOf('?');
  return toText(query === -1 ? path : path.slice(0, query));
}

/** Reads one header of a request. */
type Lookup = (facts: RequestFacts) => string | undefined;

/** Names that are not looked for among the fields. RFC 9113, section 8.3.1: `host` says the same as `:authority`. */
const LOOKUPS: ReadonlyMap<string, Lookup> = new Map<string, Lookup>([
  [':authority', authority],
  ['host', authority],
  [':method', ({ method }) => method],
  [':path', ({ path }) => toText(path)],
  [':scheme', ({ scheme }) => scheme],
]);

function authority(facts: RequestFacts): string | undefined {
  return facts.authority === '' ? undefined : facts.authority;
}

/** Looks up once for each distinct header block, not for each request. */
class RequestScan implements HeaderScan<RequestHead> {
  values: readonly LookupResult[] = [];
  timeoutMs = 0;
  readonly bindsConnection = false;
  readonly #lookups: readonly Lookup[];
  readonly #timeout: boolean;

  constructor({ names, timeout }: ScanRequest) {
    this.#lookups = names.map(lookup);
    this.#timeout = timeout;
  }

  run({ facts }: RequestHead): void {
    if (facts.scannedBy !== this) {
      facts.scanned = this.#lookups.map((find) => find(facts));
      facts.scannedBy = this;
    }
    this.values = facts.scanned;
    this.timeoutMs = this.#timeout ? facts.timeoutMs : 0;
  }
}

const QUERY = /^:query\[(.+)\]$/s;

function lookup(written: string): Lookup {
  const parameter = QUERY.exec(written)?.[1];
  if (parameter !== undefined) return ({ path }) => queryParameter(path, parameter);
  const name = written.toLowerCase();
  const known = LOOKUPS.get(name);
  if (known !== undefined) return known;
  if (name.startsWith(':')) throw new ConfigError(`there are ${pseudoHeaders()} and :query[name].${instead(name)}`);
  if (!isFieldName(name)) throw new ConfigError(`${quote(written)} is no name of a header`);
  const separator = name === 'cookie' ? '; ' : ',';
  return ({ fields }) => joined(fields, name, separator);
}

function pseudoHeaders(): string {
  return [...LOOKUPS.keys()].filter((name) => name.startsWith(':')).join(', ');
}

/** What Dubbo's own protocol has as pseudo-headers. */
function instead(name: string): string {
  if (name === ':group' || name === ':version') return ` Dubbo's Triple has header tri-service-${name.slice(1)} for it`;
  return '';
}

/** RFC 9110, section 5.3, and for crumbs of cookies RFC 9113, section 8.2.3. */
function joined(fields: readonly HeaderField[], name: string, separator: string): string | undefined {
  let found: string | undefined;
  for (const field of fields) {
    if (field.name === name) found = found === undefined ? field.value : found + separator + field.value;
  }
  return found === undefined ? undefined : toText(found);
}

/** The first one's value as it is written, percent signs and all: what Istio's rules compare. */
function queryParameter(path: string, name: string): string | undefined {
  const query = path.indexOf('?');
  if (query === -1) return undefined;
  for (const pair of path.slice(query + 1).split('&')) {
    const equals = pair.indexOf('=');
    if ((equals === -1 ? pair : pair.slice(0, equals)) === name) return equals === -1 ? '' : pair.slice(equals + 1);
  }
  return undefined;
}
