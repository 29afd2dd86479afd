import { type ExplainReport, requestName } from '@polywire/core';
import type { FrameDescription } from './frame-file.ts';
import type { TreeNode } from './tree.ts';

type Rule = ExplainReport['rules'][number];
type EndpointRule = ExplainReport['endpointRules'][number];
type Condition = Rule['conditions'][number];
type Destination = ExplainReport['destinations'][number];

/** A route report in the order in which a request is judged, with the reason against each thing not taken. */
export function routeTree(report: ExplainReport): TreeNode {
  const { protocol, service, method, identities, virtualServices, rules, endpointRules, destinations } = report;
  const verdict = verdictOf(report);
  return {
    text: `${protocol} request ${requestName(service, method)}`,
    children: [
      verdict,
      ...section('service entries', identities.map(identityNode)),
      ...section(
        'VirtualServices',
        virtualServices.map(({ name, host, origin, chosen, why }) => ({
          text: `${name} (host ${host}, ${origin}): ${why}`,
          mark: chosen ? 'yes' : 'no',
        })),
      ),
      ...section('rules, in order', rules.map(ruleNode)),
      ...section('rules of the registry, in order', endpointRules.map(endpointRuleNode)),
      ...section('destinations', destinations.map(destinationNode)),
    ],
  };
}

/** Whether the request would get the proxy's own answer instead of the service's. */
export function wouldBeRefused({ route, destinations }: ExplainReport): boolean {
  return route === undefined || destinations.every(({ share, emptiness }) => share === 0 || emptiness !== undefined);
}

function verdictOf(report: ExplainReport): TreeNode {
  const { route, refusal } = report;
  if (route === undefined) return { text: `refused: ${refusal?.message ?? 'the request could not be judged'}`, mark: 'no' };
  const place = `route ${route.name} at ${route.origin}`;
  if (wouldBeRefused(report)) return { text: `refused: ${place} has no endpoint`, mark: 'no' };
  return { text: route.timeoutMs > 0 ? `${place}, timeout ${route.timeoutMs} ms` : place, mark: 'yes' };
}

function section(text: string, children: readonly TreeNode[]): TreeNode[] {
  return children.length === 0 ? [] : [{ text, children }];
}

function identityNode({ key, host, source, origin, held, endpoints, chosen }: ExplainReport['identities'][number]): TreeNode {
  const state = held === undefined ? '' : `, last known endpoints kept: ${held}`;
  return { text: `${key} as ${host} from ${source} (${origin}): ${plural(endpoints, 'endpoint')}${state}`, mark: chosen ? 'yes' : 'no' };
}

function ruleNode({ route, origin, outcome, conditions }: Rule): TreeNode {
  const place = `${route} at ${origin}`;
  if (outcome === 'not-asked') return { text: `${place}: not asked, an earlier rule matched`, mark: 'note' };
  const children = conditions.map(conditionNode);
  const matched = outcome === 'matched';
  const all: readonly TreeNode[] = children.length === 0 ? [{ text: 'no conditions: matches everything', mark: 'note' }] : children;
  return { text: `${place}: ${matched ? 'matches' : 'does not match'}`, mark: matched ? 'yes' : 'no', children: all };
}

function conditionNode({ condition, verdict, actual }: Condition): TreeNode {
  const has = actual === undefined ? 'the request has none' : `the request has ${JSON.stringify(actual)}`;
  const why = verdict === 'unreadable' ? 'its serialization cannot be read' : has;
  return { text: `${condition}: ${why}`, mark: verdict === 'holds' ? 'yes' : 'no' };
}

const MARKS = {
  chose: 'yes',
  refused: 'no',
  'passed-over': 'no',
  'not-for-request': 'no',
  'not-asked': 'note',
  'not-applied': 'note',
} as const;

function endpointRuleNode({ position, text, origin, outcome, why, conditions }: EndpointRule): TreeNode {
  const said = outcome === 'not-applied' || outcome === 'not-asked' ? `${outcome.replace('-', ' ')}: ${why}` : why;
  return { text: `${position}. ${text} (${origin}): ${said}`, mark: MARKS[outcome], children: conditions.map(conditionNode) };
}

function destinationNode(destination: Destination): TreeNode {
  const { cluster, share, loadBalancer, origin, endpoints, leftOut, emptiness } = destination;
  const children: TreeNode[] = [];
  if (emptiness !== undefined) children.push({ text: `no endpoint: ${emptiness}`, mark: 'no' });
  for (const { address, weight, warming, labels, origin: place, lineage } of endpoints) {
    const warm = warming && `, warming up: ${Number(warming.weight.toPrecision(3))} until ${warming.until}`;
    children.push({
      text: `${address} weight ${weight}${warm ?? ''}${labelText(labels)} (${place})`,
      mark: 'yes',
      ...lineageNodes(lineage),
    });
  }
  for (const { address, labels, origin: place, why, lineage } of leftOut) {
    children.push({ text: `${address}${labelText(labels)} (${place}): ${why}`, mark: 'no', ...lineageNodes(lineage) });
  }
  return { text: `${cluster}: ${(share * 100).toFixed(1).replace(/\.0$/, '')} % of calls, ${loadBalancer}${originText(origin)}`, children };
}

function lineageNodes(lineage: Destination['endpoints'][number]['lineage']): Pick<TreeNode, 'children'> {
  if (lineage === undefined) return {};
  const { session, learnt, overrides } = lineage;
  const children: TreeNode[] = overrides.map(({ origin, effect }) => ({ text: `${effect} (${origin})`, mark: 'note' }));
  if (learnt !== undefined) children.unshift({ text: `read ${learnt} in session ${session}` });
  return { children };
}

/** What nobody announces is written nowhere. */
function originText(origin: string): string {
  return origin === '' ? '' : ` (${origin})`;
}

function labelText(labels: ReadonlyMap<string, string>): string {
  return labels.size === 0 ? '' : ` [${[...labels].map(([name, value]) => `${name}=${value}`).join(' ')}]`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** What a captured frame is. */
export function frameTree(frame: FrameDescription): TreeNode {
  const { protocol, kind, length, defect, fields, service, method, headers, outcome, rest } = frame;
  const children: TreeNode[] = [];
  if (defect !== undefined) children.push({ text: defect, mark: 'no' });
  for (const [name, value] of Object.entries(fields)) children.push({ text: `${name}: ${value}` });
  if (service !== undefined) children.push({ text: `service: ${service}` });
  if (method !== undefined) children.push({ text: `method: ${method}` });
  if (outcome !== undefined) children.push({ text: `outcome: ${outcome}` });
  children.push(
    ...section(
      'headers',
      headers.map(([name, value]) => ({ text: `${name}: ${value}` })),
    ),
  );
  if (rest > 0) children.push({ text: `${plural(rest, 'more byte')} in the file: only the first frame was read`, mark: 'note' });
  return { text: `${protocol} ${kind}, ${plural(length, 'byte')}`, children };
}
