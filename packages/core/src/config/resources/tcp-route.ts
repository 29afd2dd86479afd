import type { TcpRoute } from '../model.ts';
import { checkGateways } from './gateways.ts';
import { type FieldTable, type ObjectReader, refused } from './object-reader.ts';
import { readDestinations } from './route-destination.ts';

/** Istio's TCPRoute. */
export const TCP_ROUTE_FIELDS: FieldTable = { match: 'read', route: 'read' };

/** Istio's L4MatchAttributes. */
export const TCP_MATCH_FIELDS: FieldTable = {
  port: 'read',
  gateways: 'read',
  destinationSubnets: refused('the route would also match other addresses'),
  sourceSubnet: refused('the route would also match other callers'),
  sourceLabels: refused('the route would also match other callers'),
  sourceNamespace: refused('the route would also match other callers'),
};

/** The routes in a VirtualService's `tcp`; a problem when it stands there and has none. */
export function readTcpRoutes(spec: ObjectReader): TcpRoute[] {
  const routes = spec.objects('tcp', TCP_ROUTE_FIELDS).flatMap((reader) => readTcpRoute(reader) ?? []);
  if (spec.has('tcp') && routes.length === 0) spec.error(`${spec.name('tcp')} has no usable route`, 'tcp');
  const all = routes.findIndex(({ ports }) => ports.length === 0);
  if (all !== -1 && all < routes.length - 1) {
    spec.warnAt(['tcp', all + 1], `${spec.name('tcp')}[${all + 1}] is never reached: the route above it matches every connection`);
  }
  return routes;
}

function readTcpRoute(reader: ObjectReader): TcpRoute | undefined {
  const matches = reader.objects('match', TCP_MATCH_FIELDS);
  for (const match of matches) checkGateways(match);
  const ports = matches.map((match) => match.integer('port', 1, 65_535));
  const destinations = readDestinations(reader);
  if (destinations.length === 0) return undefined;
  // A block without a port matches every connection, whatever the other blocks say.
  const written = ports.filter((port) => port !== undefined);
  return { ports: written.length < ports.length ? [] : written, destinations, position: reader.position() };
}
