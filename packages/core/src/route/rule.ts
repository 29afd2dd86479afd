import type { HeaderMatch, RouteMatch } from '../config/model.ts';
import { formatPosition } from '../errors/config-error.ts';
import { parseServiceKey } from '../identity/service-key.ts';
import { type LookupResult, NOT_REACHED, UNREADABLE } from '../protocol/spi.ts';
import { compileStringMatch, describeStringMatch, type StringTest } from './string-test.ts';
import { compileUriMatch, type UriTest } from './uri-test.ts';

/** Documented pseudo-headers of every protocol whose services have groups and versions; absent and empty are one. */
export const GROUP = ':group';
export const VERSION = ':version';

/** Documented pseudo-headers of protocols whose methods are paths. */
const AUTHORITY = ':authority';

/** The uri of rules. */
function uriOf(service: string, method: string, methodIsPath: boolean): string {
  return methodIsPath ? method : `/${service}/${method}`;
}

/** What a block of conditions says of a request. */
export type Verdict = 'holds' | 'fails' | 'not-reached' | 'unreadable';

/** One condition as `explain` shows it. */
export interface ExplainedCondition {
  /** `header tag exact "gray"` */
  readonly condition: string;
  readonly verdict: Verdict;
  /** What the request has; undefined: nothing. */
  readonly actual: string | undefined;
  /** `file:line:column` */
  readonly origin: string;
}

interface HeaderCondition {
  readonly index: number;
  readonly test: StringTest;
  /** Decides without a call. */
  readonly exact: string | undefined;
  /** Of `withoutHeaders`: must not hold. */
  readonly negated: boolean;
  readonly match: HeaderMatch;
}

/** One block of `match`, compiled: all its conditions hold. */
export class RuleMatch {
  readonly #source: RouteMatch;
  readonly #uri: UriTest | undefined;
  readonly #authority: StringTest | undefined;
  readonly #headers: readonly HeaderCondition[];
  readonly #methodIsPath: boolean;

  /**
   * @param methodIsPath see HeadReader
   * @param indexOf where a header's value stands in the scan's values
   * @throws Error when a regular expression is not RE2
   */
  constructor(source: RouteMatch, methodIsPath: boolean, indexOf: (name: string) => number) {
    this.#source = source;
    this.#methodIsPath = methodIsPath;
    this.#uri = source.uri === undefined ? undefined : compileUriMatch(source.uri, source.ignoreUriCase, methodIsPath);
    const authority = authorityOf(source, methodIsPath);
    this.#authority = authority.test;
    const compile = (match: HeaderMatch, negated: boolean): HeaderCondition => {
      const test = compileStringMatch(match.match, match.ignoreCase);
      return { index: indexOf(match.name), test, exact: test.exact, negated, match };
    };
    this.#headers = [
      ...authority.identity.map((match) => compile(match, false)),
      ...source.headers.map((match) => compile(match, false)),
      ...source.withoutHeaders.map((match) => compile(match, true)),
    ];
  }

  /**
   * A condition that certainly fails outweighs one that is not reached. An unreadable value proves neither presence nor absence, so
   * the block does not hold.
   */
  judge(service: string, method: string, values: readonly LookupResult[]): Verdict {
    if (this.#uri !== undefined && !this.#uri.holds(service, method)) return 'fails';
    if (this.#authority !== undefined && !this.#authority.holds(service)) return 'fails';
    const headers = this.#headers;
    let verdict: Verdict = 'holds';
    for (let i = 0; i < headers.length; i++) {
      const condition = headers[i]!;
      const one = judgeHeader(condition, values[condition.index]);
      if (one === 'fails') return one;
      if (one !== 'holds' && verdict !== 'unreadable') verdict = one;
    }
    return verdict;
  }

  /** Every condition on its own, judged by the same tests. */
  explain(service: string, method: string, values: readonly LookupResult[]): ExplainedCondition[] {
    const source = this.#source;
    const origin = formatPosition(source.position);
    const conditions: ExplainedCondition[] = [];
    if (source.uri !== undefined) {
      const condition = `uri ${describeStringMatch(source.uri, source.ignoreUriCase)}`;
      const verdict = this.#uri?.holds(service, method) === true ? 'holds' : 'fails';
      conditions.push({ condition, verdict, actual: uriOf(service, method, this.#methodIsPath), origin });
    }
    if (source.authority !== undefined && !this.#methodIsPath) {
      const condition = `authority ${describeStringMatch(source.authority, false)}`;
      const verdict = this.#authority?.holds(service) === true ? 'holds' : 'fails';
      conditions.push({ condition, verdict, actual: service, origin });
    }
    for (const condition of this.#headers) conditions.push(explainHeader(condition, values[condition.index]));
    return conditions;
  }
}

/** Names of the headers that a block looks at. */
export function* headersOf(match: RouteMatch, methodIsPath: boolean): Iterable<HeaderMatch> {
  yield* authorityOf(match, methodIsPath).identity;
  yield* match.headers;
  yield* match.withoutHeaders;
}

/** An authority written as a service key speaks of the interface, and of the group and version that the request says. */
function authorityOf(
  source: RouteMatch,
  methodIsPath: boolean,
): { readonly test: StringTest | undefined; readonly identity: readonly HeaderMatch[] } {
  const match = source.authority;
  if (match === undefined) return { test: undefined, identity: [] };
  if (methodIsPath) return { test: undefined, identity: [{ name: AUTHORITY, match, ignoreCase: true, position: source.position }] };
  const key = match.kind === 'exact' ? parseServiceKey(match.value) : undefined;
  if (key === undefined) return { test: compileStringMatch(match, false), identity: [] };
  const identity: HeaderMatch[] = [];
  const add = (name: string, value: string | undefined): void => {
    if (value === undefined) return;
    identity.push({ name, match: { kind: 'exact', value }, ignoreCase: false, position: source.position });
  };
  add(GROUP, key.group);
  add(VERSION, key.version);
  return { test: compileStringMatch({ kind: 'exact', value: key.name }, false), identity };
}

/** @param condition `exact` as its test has it */
export function judgeHeader(condition: Pick<HeaderCondition, 'test' | 'exact' | 'negated'>, value: LookupResult): Verdict {
  if (value === NOT_REACHED) return 'not-reached';
  if (value === UNREADABLE) return 'unreadable';
  const exact = condition.exact;
  const holds = exact !== undefined ? value === exact : value !== undefined && condition.test.holds(value);
  return holds === condition.negated ? 'fails' : 'holds';
}

function explainHeader(condition: HeaderCondition, value: LookupResult): ExplainedCondition {
  const match = condition.match;
  const text = `header ${match.name} ${describeStringMatch(match.match, match.ignoreCase)}`;
  return {
    condition: condition.negated ? `without ${text}` : text,
    verdict: judgeHeader(condition, value),
    actual: typeof value === 'string' ? value : undefined,
    origin: formatPosition(match.position),
  };
}
