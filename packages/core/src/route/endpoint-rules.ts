import type { Endpoint } from '../cluster/endpoint.ts';
import type { EndpointCondition, EndpointRule } from '../registry/endpoint-rule.ts';
import type { DirectoryEntry } from '../registry/entry-index.ts';
import { formatAddress } from '../transport/listen.ts';
import { compileStringMatch, describeStringMatch, type StringTest } from './string-test.ts';

/** All choices of a rule with weights are compared with all endpoints whenever these change. */
export const MOST_WEIGHTED_CHOICES = 256;

/** A condition on an endpoint, compiled. */
export interface EndpointTest {
  readonly condition: EndpointCondition;
  /** undefined: it must be the caller's address. */
  readonly test: StringTest | undefined;
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
    return { ...judged, fault, choices: rule.choices.map((conditions) => conditions.map(compile)) };
  });
}

function compile(condition: EndpointCondition): EndpointTest {
  const { match } = condition;
  return { condition, test: match.kind === 'source' ? undefined : compileStringMatch(match, false) };
}

function faultOf(rule: EndpointRule, headerFault: (name: string) => string | undefined): string | undefined {
  if (rule.weights !== undefined && rule.weights.length !== rule.choices.length) return 'it does not have one weight for each choice';
  if (rule.weights !== undefined && rule.weights.length > MOST_WEIGHTED_CHOICES) {
    return `it divides requests between ${rule.weights.length} sets of endpoints, more than ${MOST_WEIGHTED_CHOICES}`;
  }
  for (const { match } of [...rule.match, ...rule.choices.flat()]) {
    if (match.kind === 'source') continue;
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

/** Whether what a rule leaves depends on who asks. */
export function looksAtSource({ choices }: JudgedEndpointRule): boolean {
  return choices.some((tests) => tests.some(({ test }) => test === undefined));
}

/** Whether an endpoint meets all conditions of a choice. */
export function isChosen(tests: readonly EndpointTest[], endpoint: Endpoint, source: string | undefined): boolean {
  return tests.every(({ condition, test }) => {
    const value = endpointValue(condition, endpoint);
    const holds = value !== undefined && (test === undefined ? value === source : test.holds(value));
    return holds !== condition.negated;
  });
}

function endpointValue(condition: EndpointCondition, { address, port, labels, metadata }: Endpoint): string | undefined {
  if (condition.of.kind === 'ip') return address;
  if (condition.of.kind === 'address') return formatAddress(address, port);
  return labels.get(condition.of.name) ?? metadata.get(condition.of.name);
}
