import { formatPosition, type Position, type Problem } from '../errors/config-error.ts';
import { formatServiceKey } from '../identity/service-key.ts';
import { HostRelations, keysCollide } from './host-relations.ts';
import type { DestinationRule, MeshResources, RouteDestination, WrittenHost } from './model.ts';
import type { Resource } from './resources/resource.ts';

/** What is wrong between resources, of one file or several, as far as files alone can tell. */
export function crossCheck(resources: readonly Resource[], mesh: MeshResources): Problem[] {
  const relations = new HostRelations(mesh.serviceEntries);
  const exact = new Map(mesh.destinationRules.map((rule) => [rule.host.text, rule]));
  return [
    ...duplicateNames(resources),
    ...duplicateServices(resources),
    ...duplicateRules(mesh.destinationRules),
    ...ambiguousKeys(mesh.virtualServices.flatMap(({ hosts }) => hosts)),
    ...ambiguousKeys(mesh.destinationRules.map(({ host }) => host)),
    ...mesh.virtualServices
      .flatMap(({ routes, tcpRoutes = [] }) => [...routes, ...tcpRoutes].flatMap(({ destinations }) => destinations))
      .flatMap((destination) => {
        // The common case first: comparing ten thousand routes with every rule would take seconds.
        const certain = hasSubset(exact.get(destination.host), destination.subset);
        return [...(certain ? [] : checkSubset(destination, mesh.destinationRules, relations)), ...checkPort(destination, relations)];
      }),
  ];
}

function duplicateNames(resources: readonly Resource[]): Problem[] {
  const first = new Map<string, Position>();
  return resources.flatMap(({ kind, name, position }) => {
    const former = first.get(`${kind} ${name}`);
    if (former !== undefined) return [error(`there is a ${kind} ${name} already, at ${formatPosition(former)}`, position)];
    first.set(`${kind} ${name}`, position);
    return [];
  });
}

function duplicateServices(resources: readonly Resource[]): Problem[] {
  const first = new Map<string, Position>();
  const problems: Problem[] = [];
  for (const { kind, value, position } of resources) {
    if (kind !== 'ServiceEntry') continue;
    const { identity, host, aliases } = value;
    const claims = [host, ...aliases].map((name) => `the host ${name.toLowerCase()}`);
    if (identity !== undefined) claims.push(`the service ${formatServiceKey(identity)}`);
    for (const claim of new Set(claims)) {
      const former = first.get(claim);
      if (former === undefined) first.set(claim, position);
      else problems.push(error(`another ServiceEntry is ${claim} already, at ${formatPosition(former)}`, position));
    }
  }
  return problems;
}

function duplicateRules(rules: readonly DestinationRule[]): Problem[] {
  const first = new Map<string, DestinationRule>();
  return rules.flatMap((rule) => {
    const former = first.get(rule.host.text);
    if (former === undefined) {
      first.set(rule.host.text, rule);
      return [];
    }
    const place = `${former.name} at ${formatPosition(former.host.position)}`;
    return [error(`the DestinationRule ${place} is for "${rule.host.text}" already: write both as one`, rule.host.position)];
  });
}

/** `group/Foo` and `Foo:1.0.0` both fit group/Foo:1.0.0, and neither is more specific. */
function ambiguousKeys(hosts: readonly WrittenHost[]): Problem[] {
  const byName = new Map<string, WrittenHost[]>();
  const problems: Problem[] = [];
  for (const host of hosts) {
    const name = host.text.replace(/^[^/]*\//, '').replace(/:.*$/, '');
    const others = byName.get(name);
    const other = others?.find((each) => keysCollide(each.text, host.text));
    if (other !== undefined) {
      const place = `"${other.text}" at ${formatPosition(other.position)}`;
      problems.push(error(`"${host.text}" and ${place} can name the same service, and neither is more specific`, host.position));
    }
    if (others === undefined) byName.set(name, [host]);
    else others.push(host);
  }
  return problems;
}

function checkSubset(destination: RouteDestination, rules: readonly DestinationRule[], relations: HostRelations): Problem[] {
  const { subset, host, position } = destination;
  if (subset === undefined) return [];
  const related = rules.filter((rule) => relations.mayBeSame(rule.host.text, host));
  if (related.some((rule) => hasSubset(rule, subset))) return [];
  const nearest = related.find((rule) => rule.host.text === host) ?? related[0];
  if (nearest === undefined) return [error(`no DestinationRule is for "${host}", so it has no subset "${subset}"`, position)];
  const known = nearest.subsets.map(({ name }) => name).join(', ') || 'none';
  const place = `${nearest.name} at ${formatPosition(nearest.host.position)}`;
  return [error(`"${host}" has no subset "${subset}": the DestinationRule ${place} has ${known}`, position)];
}

function hasSubset(rule: DestinationRule | undefined, subset: string | undefined): boolean {
  return rule?.subsets.some(({ name }) => name === subset) === true;
}

function checkPort({ host, port, position }: RouteDestination, relations: HostRelations): Problem[] {
  if (port === undefined) return [];
  const entries = relations.entriesOf(host);
  if (entries.length === 0) {
    return [
      { severity: 'warning', message: `the port ${port} of "${host}" is not checked: no ServiceEntry in the files is for it`, position },
    ];
  }
  return entries
    .filter(({ ports }) => !ports.some(({ number }) => number === port))
    .map(({ origin, ports }) => {
      const known = ports.map(({ number }) => number).join(', ');
      return error(`"${host}" has no port ${port}: the ServiceEntry at ${origin} has ${known}`, position);
    });
}

function error(message: string, position: Position): Problem {
  return { severity: 'error', message, position };
}
