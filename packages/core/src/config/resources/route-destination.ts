import type { RouteDestination } from '../model.ts';
import { destinationFault } from './hosts.ts';
import { type FieldTable, type ObjectReader, refused } from './object-reader.ts';

/** Istio's HTTPRouteDestination. */
export const ROUTE_DESTINATION_FIELDS: FieldTable = {
  destination: 'read',
  weight: 'read',
  headers: refused('the headers would not be changed for this destination: write them at the route, or split the route'),
};

/** Istio's Destination. */
export const DESTINATION_FIELDS: FieldTable = { host: 'read', subset: 'read', port: 'read' };

/** Istio's PortSelector. */
const PORT_FIELDS: FieldTable = { number: 'read' };

/** Istio's meaning of a single destination's missing weight. */
const WHOLE = 100;

/** The weighted targets of a route; empty, and a problem, when there is none to send to. */
export function readDestinations(route: ObjectReader): RouteDestination[] {
  const readers = route.objects('route', ROUTE_DESTINATION_FIELDS);
  if (readers.length === 0) {
    if (!route.has('route')) route.error(`${route.name()} needs route: where its requests go`);
    else route.error(`${route.name('route')} has no destination`, 'route');
    return [];
  }
  const alone = readers.length === 1;
  const destinations = readers.map((reader) => readDestination(reader, alone));
  const found = destinations.flatMap((destination) => destination ?? []);
  const usable = found.length === readers.length;
  if (usable && found.every(({ weight }) => weight === 0)) {
    route.error(`${route.name('route')}: the weights add up to 0, so no destination would take a request`, 'route');
  }
  return found;
}

function readDestination(reader: ObjectReader, alone: boolean): RouteDestination | undefined {
  if (!reader.has('destination')) {
    reader.error(`${reader.name()} needs destination`);
    return undefined;
  }
  // A weight that cannot be read is one mistake: as 0 it could make the sum look wrong, too.
  const weight = reader.integer('weight', 0, 2 ** 31 - 1) ?? (alone || reader.has('weight') ? WHOLE : 0);
  const target = reader.object('destination', DESTINATION_FIELDS);
  const host = target?.requiredText('host');
  if (target === undefined || host === undefined) return undefined;
  const fault = destinationFault(host);
  if (fault !== undefined) target.error(`${target.name('host')}: ${fault}`, 'host');
  if (!alone && !reader.has('weight')) {
    reader.warn(`${reader.name()} has no weight beside destinations that have: it takes no requests, as in Istio`);
  }
  const subset = target.has('subset') ? target.requiredText('subset') : undefined;
  const port = target.object('port', PORT_FIELDS)?.integer('number', 1, 65_535);
  return { host, subset, port, weight, position: target.position() };
}
