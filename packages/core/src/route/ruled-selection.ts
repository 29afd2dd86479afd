import type { Endpoint } from '../cluster/endpoint.ts';
import type { EndpointRule } from '../registry/endpoint-rule.ts';
import { isChosen, type JudgedEndpointRule } from './endpoint-rules.ts';

/** Sets of endpoints between which requests of one kind are drawn; of more, those with the smallest shares are not drawn. */
export const MOST_DRAWN_SETS = 16;

/** What one rule did to the endpoints that were left. */
export interface EndpointRuleStep {
  readonly judged: JudgedEndpointRule;
  readonly outcome: 'chose' | 'passed-over' | 'refused';
  readonly before: number;
  readonly after: number;
  /** Which of its choices, from 0; -1: none. */
  readonly choice: number;
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

/** What else rules go by. */
export interface SelectedBy {
  /** Address of the caller. */
  readonly source: string | undefined;
  /** The choices that were drawn of the rules with weights, in their order. One that leaves no endpoint now gives way to the first that does. */
  readonly draws: readonly number[];
}

/** One of the ways in which rules with weights can be drawn. */
export interface DrawnSet {
  readonly draws: readonly number[];
  /** 0 to 1; all sets of one drawing have 1 together. */
  readonly share: number;
}

/** A choice that leaves endpoints. */
interface Option {
  readonly choice: number;
  readonly chosen: readonly Endpoint[];
}

/** @param rules without a fault, those that are for the request */
export function selectEndpoints(
  rules: readonly JudgedEndpointRule[],
  endpoints: readonly Endpoint[],
  { source, draws }: SelectedBy,
): RuledSelection {
  let left = endpoints;
  let drawn = 0;
  const leftOut: { endpoint: Endpoint; by: EndpointRule }[] = [];
  const steps: EndpointRuleStep[] = [];
  for (const judged of rules) {
    if (left.length === 0) break;
    const { rule } = judged;
    const wanted = rule.weights === undefined ? undefined : draws[drawn++];
    const { chosen, choice } = optionOf(judged, left, source, wanted) ?? { chosen: [], choice: -1 };
    const outcome = chosen.length > 0 ? 'chose' : rule.otherwise === 'pass' ? 'passed-over' : 'refused';
    const after = outcome === 'passed-over' ? left : chosen;
    steps.push({ judged, outcome, before: left.length, after: after.length, choice });
    const kept = new Set(after);
    for (const endpoint of left) if (!kept.has(endpoint)) leftOut.push({ endpoint, by: rule });
    left = after;
  }
  const last = steps.at(-1);
  return { chosen: left, leftOut, steps, refusedBy: last?.outcome === 'refused' ? last.judged.rule : undefined };
}

/** The sets of endpoints that rules lead to, none of them twice, the largest share first: more than one where a rule has weights. */
export function drawnSets(rules: readonly JudgedEndpointRule[], endpoints: readonly Endpoint[], source: string | undefined): DrawnSet[] {
  let sets: (DrawnSet & { readonly left: readonly Endpoint[] })[] = [{ draws: [], share: 1, left: endpoints }];
  for (const judged of rules) {
    const { weights, otherwise } = judged.rule;
    sets = sets.flatMap(({ draws, share, left }) => {
      if (left.length === 0) return { draws, share, left };
      const options = optionsOf(judged, left, source, weights === undefined);
      const shares = sharesOf(options, weights);
      const next = options.map(({ choice, chosen }, index) => ({
        draws: weights === undefined ? draws : [...draws, choice],
        share: share * (shares[index] ?? 0),
        left: chosen,
      }));
      if (options.length > 0) return next.filter((set) => set.share > 0);
      return { draws: weights === undefined ? draws : [...draws, -1], share, left: otherwise === 'pass' ? left : [] };
    });
    if (sets.length > 1) sets = merged(sets, endpoints);
  }
  return sets.map(({ draws, share }) => ({ draws, share }));
}

/** The choices that leave any endpoint, or only the first of them. */
function optionsOf(
  { choices }: JudgedEndpointRule,
  endpoints: readonly Endpoint[],
  source: string | undefined,
  onlyFirst: boolean,
): Option[] {
  const options: Option[] = [];
  for (const [choice, tests] of choices.entries()) {
    const chosen = endpoints.filter((endpoint) => isChosen(tests, endpoint, source));
    if (chosen.length > 0) options.push({ choice, chosen });
    if (options.length > 0 && onlyFirst) break;
  }
  return options;
}

/** The choice that was drawn if it leaves any endpoint, or else the first that does. Others are not looked at: there may be hundreds. */
function optionOf(
  judged: JudgedEndpointRule,
  endpoints: readonly Endpoint[],
  source: string | undefined,
  drawn: number | undefined,
): Option | undefined {
  const tests = drawn === undefined ? undefined : judged.choices[drawn];
  const chosen = tests === undefined ? [] : endpoints.filter((endpoint) => isChosen(tests, endpoint, source));
  return drawn !== undefined && chosen.length > 0 ? { choice: drawn, chosen } : optionsOf(judged, endpoints, source, true)[0];
}

/** See EndpointRule.weights. */
function sharesOf(options: readonly Option[], weights: readonly number[] = []): number[] {
  if (options.length < 2) return options.map(() => 1);
  const own = options.map(({ choice }) => weights[choice] ?? 0);
  const total = own.reduce((sum, weight) => sum + weight);
  return own.map((weight, index) => (weight + (index === 0 ? 1 : index === own.length - 1 ? -1 : 0)) / total);
}

/** Sets of the same endpoints become one. */
function merged<S extends DrawnSet & { readonly left: readonly Endpoint[] }>(sets: readonly S[], endpoints: readonly Endpoint[]): S[] {
  const places = new Map(endpoints.map((endpoint, index) => [endpoint, index]));
  const distinct = new Map<string, S>();
  for (const set of sets) {
    const key = set.left.map((endpoint) => places.get(endpoint)).join();
    const known = distinct.get(key);
    distinct.set(key, known === undefined ? set : { ...known, share: known.share + set.share });
  }
  const kept = [...distinct.values()].sort((a, b) => b.share - a.share).slice(0, MOST_DRAWN_SETS);
  const total = kept.reduce((sum, { share }) => sum + share, 0);
  return kept.map((set) => ({ ...set, share: set.share / total }));
}
