import type { Endpoint } from '../cluster/endpoint.ts';
import type { LookupResult } from '../protocol/spi.ts';
import type { EndpointCondition, EndpointRule, RequestCondition } from '../registry/endpoint-rule.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import { formatAddress } from '../transport/listen.ts';
import type { RouteStats } from './route.ts';
import { type ExplainedCondition, judgeHeader, type Verdict } from './rule.ts';
import { compileStringMatch, describeStringMatch, type StringTest } from './string-test.ts';

/** A condition on an endpoint, compiled. */
interface EndpointTest {
  readonly condition: EndpointCondition;
  readonly test: StringTest;
}

/** A registry's rule, judged before anything is asked of requests. */
export interface JudgedEndpointRule {
  readonly rule: EndpointRule;
  /** From 1, among all rules of the service. */
  readonly position: number;
  /** Why it is not applied; undefined: it is. */
  readonly fault: string | undefined;
  /** Of rules without a fault. */
  readonly choices: readonly (readonly EndpointTest[])[];
}

/** What one rule did to the endpoints that were left. */
export interface EndpointRuleStep {
  readonly judged: JudgedEndpointRule;
  readonly outcome: 'chose' | 'passed-over' | 'refused';
  readonly before: number;
  readonly after: number;
}

/** What rules, one after another, leave of endpoints. */
export interface RuledSelection {
  readonly chosen: readonly Endpoint[];
  readonly leftOut: readonly { readonly endpoint: Endpoint; readonly by: EndpointRule }[];
  /** It ends with the rule that refuses. */
  readonly steps: readonly EndpointRuleStep[];
  /** The rule that left no endpoint. */
  readonly refusedBy: EndpointRule | undefined;
}

/** Rules of a service's entries, in their order; what several entries say alike counts once. */
export function rulesOf(entries: Iterable<DirectoryEntry>): EndpointRule[] {
  const distinct = new Map<string, EndpointRule>();
  for (const { entry } of entries) {
    for (const rule of entry.endpointRules ?? []) {
      const id = JSON.stringify(rule);
      if (!distinct.has(id)) distinct.set(id, rule);
    }
  }
  return [...distinct.values()];
}

/**
 * A rule that cannot be applied is left aside alone: nobody would see an error of a registry before its service is refused.
 *
 * @param headerFault why requests of the protocol have no such header; undefined: they may have it
 */
export function judgeEndpointRules(
  rules: readonly EndpointRule[],
  headerFault: (name: string) => string | undefined,
): JudgedEndpointRule[] {
  return rules.map((rule, index): JudgedEndpointRule => {
    const judged = { rule, position: index + 1 };
    const fault = rule.fault ?? faultOf(rule, headerFault);
    if (fault !== undefined) return { ...judged, fault, choices: [] };
    const compile = (condition: EndpointCondition): EndpointTest => ({ condition, test: compileStringMatch(condition.match, false) });
    return { ...judged, fault, choices: rule.choices.map((conditions) => conditions.map(compile)) };
  });
}

function faultOf(rule: EndpointRule, headerFault: (name: string) => string | undefined): string | undefined {
  for (const { match } of [...rule.match, ...rule.choices.flat()]) {
    try {
      compileStringMatch(match, false);
    } catch (error) {
      return `${describeStringMatch(match, false)} is no regular expression: ${error instanceof Error ? error.message : String(error)}`;
    }
  }
  for (const { of } of rule.match) {
    const fault = of.kind === 'header' ? headerFault(of.name) : undefined;
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** @param rules without a fault, those that are for the request */
export function selectEndpoints(rules: readonly JudgedEndpointRule[], endpoints: readonly Endpoint[]): RuledSelection {
  let left = endpoints;
  const leftOut: { endpoint: Endpoint; by: EndpointRule }[] = [];
  const steps: EndpointRuleStep[] = [];
  for (const judged of rules) {
    if (left.length === 0) break;
    const { rule } = judged;
    const chosen = firstChoice(judged, left);
    const outcome = chosen.length > 0 ? 'chose' : rule.otherwise === 'pass' ? 'passed-over' : 'refused';
    const after = outcome === 'passed-over' ? left : chosen;
    steps.push({ judged, outcome, before: left.length, after: after.length });
    const kept = new Set(after);
    for (const endpoint of left) if (!kept.has(endpoint)) leftOut.push({ endpoint, by: rule });
    left = after;
  }
  const last = steps.at(-1);
  return { chosen: left, leftOut, steps, refusedBy: last?.outcome === 'refused' ? last.judged.rule : undefined };
}

function firstChoice({ choices }: JudgedEndpointRule, endpoints: readonly Endpoint[]): readonly Endpoint[] {
  for (const tests of choices) {
    const chosen = endpoints.filter((endpoint) => tests.every((test) => fits(test, endpoint)));
    if (chosen.length > 0) return chosen;
  }
  return [];
}

function fits({ condition, test }: EndpointTest, endpoint: Endpoint): boolean {
  const value = endpointValue(condition, endpoint);
  return (value !== undefined && test.holds(value)) !== condition.negated;
}

function endpointValue(condition: EndpointCondition, { address, port, labels, metadata }: Endpoint): string | undefined {
  if (condition.of.kind === 'ip') return address;
  if (condition.of.kind === 'address') return formatAddress(address, port);
  return labels.get(condition.of.name) ?? metadata.get(condition.of.name);
}

/** The requests that a rule is for, in words. */
export function describeRequests({ match }: EndpointRule): string {
  return match.length === 0 ? 'all requests' : `requests with ${match.map(describeCondition).join(' and ')}`;
}

function describeCondition({ of, match, negated }: RequestCondition): string {
  const what = of.kind === 'method' ? 'method' : `header ${of.name}`;
  return `${negated ? 'not ' : ''}${what} ${describeStringMatch(match, false)}`;
}

interface CompiledCondition {
  readonly source: RequestCondition;
  /** Among the scan's values; -1: the method. */
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
      const index = source.of.kind === 'method' ? -1 : indexOf(source.of.name);
      return { source, index, test, exact: test.exact, negated: source.negated };
    });
  }

  /**
   * What certainly fails outweighs what is not known. An unreadable value counts as absent: of rules for requests with and without a
   * header, one is meant, and the callers of whom nothing can be read are not to reach what is kept for those who ask for it.
   *
   * @param stats told of values that are unreadable
   */
  judge(method: string, values: readonly LookupResult[], stats: RouteStats): Exclude<Verdict, 'unreadable'> {
    const conditions = this.#conditions;
    let verdict: Exclude<Verdict, 'unreadable'> = 'holds';
    let unreadable = false;
    for (let i = 0; i < conditions.length; i++) {
      const condition = conditions[i]!;
      const one = this.#judge(condition, method, values);
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
  explain(method: string, values: readonly LookupResult[]): ExplainedCondition[] {
    return this.#conditions.map((condition) => {
      const value = condition.index < 0 ? this.#nameOf(method) : values[condition.index];
      return {
        condition: describeCondition(condition.source),
        verdict: this.#judge(condition, method, values),
        actual: typeof value === 'string' ? value : undefined,
        origin: this.#origin,
      };
    });
  }

  #judge(condition: CompiledCondition, method: string, values: readonly LookupResult[]): Verdict {
    return judgeHeader(condition, condition.index < 0 ? this.#nameOf(method) : values[condition.index]);
  }

  #nameOf(method: string): string {
    return this.#methodIsPath ? method.slice(method.lastIndexOf('/') + 1) : method;
  }
}
