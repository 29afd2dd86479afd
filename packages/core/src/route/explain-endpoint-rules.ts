import type { Endpoint } from '../cluster/endpoint.ts';
import type { BalancedEndpoint } from '../cluster/load-balancer.ts';
import type { LookupResult } from '../protocol/spi.ts';
import { type DestinationContext, destinationTarget, entriesOf } from './destination.ts';
import { rulesOf } from './endpoint-rules.ts';
import type { ExplainedEndpointRule } from './explain-report.ts';
import { type Caller, describeRequests } from './request-conditions.ts';
import type { Route } from './route.ts';
import type { RuledEndpoints } from './ruled-endpoints.ts';
import { drawnSets, type EndpointRuleStep, selectEndpoints } from './ruled-selection.ts';
import type { Lane } from './service-routes.ts';

/** A request as its lane judges it. */
interface JudgedRequest<E extends BalancedEndpoint> {
  readonly lane: Lane<E>;
  readonly route: Route<E> | undefined;
  readonly method: string;
  readonly values: readonly LookupResult[];
  readonly caller: Caller;
}

/** What the registry's own rules did for a request. */
export function explainEndpointRules<E extends BalancedEndpoint>(
  context: DestinationContext,
  request: JudgedRequest<E>,
): ExplainedEndpointRule[] {
  const { ruled } = request.lane;
  return ruled === undefined ? notApplied(context, request) : applied(ruled, request);
}

function applied<E extends BalancedEndpoint>(
  ruled: RuledEndpoints<E>,
  { method, values, caller }: JudgedRequest<E>,
): ExplainedEndpointRule[] {
  const judged = ruled.rules.map((rule) => ({ rule, said: ruled.explain(rule, method, values, caller) }));
  const meant = judged.filter(({ said }) => said?.verdict === 'holds').map(({ rule }) => rule);
  const endpoints = endpointsOf(ruled.all);
  const source = caller.peerAddress;
  const ways = drawnSets(meant, endpoints, source).flatMap(({ draws }) => selectEndpoints(meant, endpoints, { source, draws }).steps);
  return judged.map(({ rule: one, said }) => {
    const { position, fault, rule } = one;
    const shown = { position, origin: rule.origin, text: rule.text, unreadable: ruled.all.stats.unreadable };
    if (said === undefined) return { ...shown, outcome: 'not-applied', why: fault ?? '', conditions: [] };
    const { conditions } = said;
    if (said.verdict !== 'holds')
      return { ...shown, outcome: 'not-for-request', why: `not for this request, but for ${describeRequests(rule)}`, conditions };
    const steps = ways.filter((step) => step.judged === one);
    const [step] = steps;
    if (step === undefined) return { ...shown, outcome: 'not-asked', why: 'no endpoint is left', conditions };
    const { outcome, before, after } = step;
    // After a draw, a rule may find several sets of endpoints.
    const why = [...new Set(steps.map(describeStep))].join('; or ');
    return { ...shown, outcome, why, endpoints: { before, after }, conditions };
  });
}

function describeStep({ judged, outcome, before, after, choice }: EndpointRuleStep): string {
  const known = `${before} endpoint${before === 1 ? '' : 's'}`;
  const weight = judged.rule.weights?.[choice];
  if (outcome === 'chose') return weight === undefined ? `chose ${after} of ${known}` : `drew ${after} of ${known} by weight ${weight}`;
  return outcome === 'refused' ? `refuses the request: it leaves none of ${known}` : `passed over, since it would leave none of ${known}`;
}

function endpointsOf<E extends BalancedEndpoint>(route: Route<E>): readonly Endpoint[] {
  return route.destinations.flatMap(({ cluster }) => cluster.resolved.chosen);
}

/** A VirtualService decides: for the request's service, and for those that it sends the request to. */
function notApplied<E extends BalancedEndpoint>(context: DestinationContext, { lane, route }: JudgedRequest<E>): ExplainedEndpointRule[] {
  const { variant, rules } = lane;
  const taken = rules.find((rule) => rule.route === route)?.written.route.destinations ?? [];
  const entries = taken.flatMap(({ host }) => entriesOf(context.directory, destinationTarget(host, variant.pattern)));
  const names = [...new Set(rules.map(({ written }) => written.virtualService.name))].join(', ');
  const why = `VirtualService ${names} decides, and a registry's rules count only where none speaks of the service`;
  return rulesOf([...variant.entries, ...entries]).map(({ origin, text }, index) => ({
    position: index + 1,
    origin,
    text,
    unreadable: 0,
    outcome: 'not-applied',
    why,
    conditions: [],
  }));
}
