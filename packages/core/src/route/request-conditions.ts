import type { LookupResult } from '../protocol/spi.ts';
import type { EndpointRule, RequestCondition } from '../registry/endpoint-rule.ts';
import type { RouteStats } from './route.ts';
import { type ExplainedCondition, judgeHeader, type Verdict } from './rule.ts';
import { compileStringMatch, describeStringMatch, type StringTest } from './string-test.ts';

/** Who sends a request. */
export interface Caller {
  /** See Transport; undefined: nobody knows, of a request that was not made. */
  readonly peerAddress: string | undefined;
}

/** Where a condition looks that does not look among the scan's values. */
const METHOD = -1;
const SOURCE = -2;

/** The requests that a rule is for, in words. */
export function describeRequests({ match }: EndpointRule): string {
  return match.length === 0 ? 'all requests' : `requests with ${match.map(describeCondition).join(' and ')}`;
}

function describeCondition({ of, match, negated }: RequestCondition): string {
  const what = of.kind === 'header' ? `header ${of.name}` : of.kind;
  return `${negated ? 'not ' : ''}${what} ${describeStringMatch(match, false)}`;
}

interface CompiledCondition {
  readonly source: RequestCondition;
  /** Among the scan's values, or METHOD, or SOURCE. */
  readonly index: number;
  readonly test: StringTest;
  readonly exact: string | undefined;
  readonly negated: boolean;
}

/** The conditions of one rule on requests: all of them hold. */
export class RequestConditions {
  readonly #conditions: readonly CompiledCondition[];
  readonly #methodIsPath: boolean;
  readonly #origin: string;

  /**
   * @param methodIsPath see HeadReader; a registry's rules name methods, and of a path that is the last part
   * @param indexOf where a header's value stands in the scan's values
   */
  constructor({ match, origin }: EndpointRule, methodIsPath: boolean, indexOf: (name: string) => number) {
    this.#methodIsPath = methodIsPath;
    this.#origin = origin;
    this.#conditions = match.map((source): CompiledCondition => {
      const test = compileStringMatch(source.match, false);
      const { of } = source;
      const index = of.kind === 'header' ? indexOf(of.name) : of.kind === 'method' ? METHOD : SOURCE;
      return { source, index, test, exact: test.exact, negated: source.negated };
    });
  }

  /**
   * What certainly fails outweighs what is not known. An unreadable value counts as absent: of rules for requests with and without a
   * header, one is meant, and the callers of whom nothing can be read are not to reach what is kept for those who ask for it.
   *
   * @param caller asked only by conditions on it
   * @param stats told of values that are unreadable
   */
  judge(method: string, values: readonly LookupResult[], caller: Caller, stats: RouteStats): Exclude<Verdict, 'unreadable'> {
    const conditions = this.#conditions;
    let verdict: Exclude<Verdict, 'unreadable'> = 'holds';
    let unreadable = false;
    for (let i = 0; i < conditions.length; i++) {
      const condition = conditions[i]!;
      const one = judgeHeader(condition, this.#valueOf(condition, method, values, caller));
      if (one === 'fails') return one;
      if (one === 'unreadable') {
        unreadable = true;
        if (!condition.negated) verdict = 'fails';
      } else if (one === 'not-reached' && verdict !== 'fails') verdict = one;
    }
    if (unreadable && verdict !== 'not-reached') stats.unreadable++;
    return verdict;
  }

  /** Every condition on its own. */
  explain(method: string, values: readonly LookupResult[], caller: Caller): ExplainedCondition[] {
    return this.#conditions.map((condition) => {
      const value = this.#valueOf(condition, method, values, caller);
      return {
        condition: describeCondition(condition.source),
        verdict: judgeHeader(condition, value),
        actual: typeof value === 'string' ? value : undefined,
        origin: this.#origin,
      };
    });
  }

  #valueOf({ index }: CompiledCondition, method: string, values: readonly LookupResult[], caller: Caller): LookupResult {
    if (index >= 0) return values[index];
    if (index === SOURCE) return caller.peerAddress;
    return this.#methodIsPath ? method.slice(method.lastIndexOf('/') + 1) : method;
  }
}
