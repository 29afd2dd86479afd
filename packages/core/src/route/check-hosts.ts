import type { DestinationRule, MeshResources, WrittenHost } from '../config/model.ts';
import { formatPosition, type Position, type Problem } from '../errors/config-error.ts';
import { formatServiceKey, intersect, overlaps, parseServiceKey, patternId, specificity } from '../identity/service-key.ts';
import type { HostIndex, IndexedHost } from './host-index.ts';

/** Hosts that cannot be read, hosts that contradict each other, and DestinationRules that cannot work. The same for every protocol. */
export function checkHosts(
  resources: MeshResources,
  indexes: readonly HostIndex<{ readonly name: string }>[],
  loadBalancers: ReadonlySet<string>,
): Problem[] {
  const written = [...resources.virtualServices.flatMap(({ hosts }) => hosts), ...resources.destinationRules.map(({ host }) => host)];
  return [
    ...written.filter(({ text }) => !isWellFormedHost(text)).map(malformed),
    ...indexes.flatMap((index) => [...index.names()].flatMap(([, hosts]) => conflicts(hosts))),
    ...resources.destinationRules.flatMap((rule) => checkRule(rule, loadBalancers)),
  ];
}

/** Whether a host has no part that is written and empty. */
export function isWellFormedHost(text: string): boolean {
  return parseServiceKey(text) !== undefined;
}

function malformed({ text, position }: WrittenHost): Problem {
  return error(
    `host ${JSON.stringify(text)}: write group/interface:version, and leave out the separator of a part that is not there`,
    position,
  );
}

/** `g/Iface` and `Iface:v` both mean a request with g and v, and neither is the more specific. */
function conflicts(hosts: readonly IndexedHost<{ readonly name: string }>[]): Problem[] {
  const problems: Problem[] = [];
  const distinct = [...new Map(hosts.map((host) => [patternId(host.pattern), host])).values()];
  for (const [index, later] of distinct.entries()) {
    for (const earlier of distinct.slice(0, index)) {
      const a = earlier.pattern;
      const b = later.pattern;
      if (a.name !== b.name || specificity(a) !== specificity(b) || !overlaps(a, b)) continue;
      const both = formatServiceKey(intersect(a, b));
      const other = `${earlier.host.text} of ${earlier.resource.name} at ${formatPosition(earlier.host.position)}`;
      const message = `host ${later.host.text} of ${later.resource.name} and ${other} are equally specific: both mean ${both}; write one of them as ${both}`;
      problems.push(error(message, later.host.position));
    }
  }
  return problems;
}

function checkRule(rule: DestinationRule, loadBalancers: ReadonlySet<string>): Problem[] {
  const problems: Problem[] = [];
  const checkBalancer = (name: string | undefined, position: Position): void => {
    if (name === undefined || loadBalancers.has(name)) return;
    problems.push(
      error(`DestinationRule ${rule.name}: no load balancer is called ${name}; there are ${[...loadBalancers].join(', ')}`, position),
    );
  };
  checkBalancer(rule.loadBalancer, rule.position);
  const seen = new Map<string, Position>();
  for (const subset of rule.subsets) {
    checkBalancer(subset.loadBalancer, subset.position);
    const first = seen.get(subset.name);
    if (first === undefined) seen.set(subset.name, subset.position);
    else
      problems.push(
        error(`DestinationRule ${rule.name}: subset ${subset.name} is also defined at ${formatPosition(first)}`, subset.position),
      );
  }
  return problems;
}

function error(message: string, position: Position): Problem {
  return { severity: 'error', message, position };
}
