import type { ClientTls } from '../model.ts';
import { didYouMean } from '../suggest.ts';
import { readClientTls } from './client-tls.ts';
import { type FieldTable, ignored, type ObjectReader, refused } from './object-reader.ts';
import type { ResourceOptions } from './options.ts';

/** Istio's TrafficPolicy. */
export const TRAFFIC_POLICY_FIELDS: FieldTable = {
  loadBalancer: 'read',
  tls: 'read',
  connectionPool: ignored('limits of connections are set in the bootstrap file'),
  outlierDetection: ignored('endpoints that fail requests stay in use'),
  retryBudget: ignored('there are no retries that it could limit'),
  portLevelSettings: refused('the settings of a port would not hold'),
  tunnel: refused('connections would not be tunnelled'),
  proxyProtocol: refused('connections would not begin with the PROXY header'),
};

/** Istio's LoadBalancerSettings. */
export const LOAD_BALANCER_FIELDS: FieldTable = {
  simple: 'read',
  consistentHash: refused('requests of one caller would be spread over all endpoints'),
  localityLbSetting: refused('requests would not prefer near endpoints'),
  warmup: ignored('new endpoints take their full share at once'),
  warmupDurationSecs: ignored('new endpoints take their full share at once'),
};

/** What a `trafficPolicy` says. */
export interface TrafficPolicy {
  /** Upper case; undefined when it leaves the choice open. */
  readonly loadBalancer: string | undefined;
  readonly tls: ClientTls | undefined;
}

/** The `trafficPolicy` of a rule or of a subset. */
export function readTrafficPolicy(parent: ObjectReader, options: ResourceOptions): TrafficPolicy {
  const policy = parent.object('trafficPolicy', TRAFFIC_POLICY_FIELDS);
  if (policy === undefined) return { loadBalancer: undefined, tls: undefined };
  return { loadBalancer: readLoadBalancer(policy, options), tls: readClientTls(policy) };
}

function readLoadBalancer(policy: ObjectReader, options: ResourceOptions): string | undefined {
  const settings = policy.object('loadBalancer', LOAD_BALANCER_FIELDS);
  const written = settings?.text('simple');
  if (settings === undefined || written === undefined || written === 'UNSPECIFIED') return undefined;
  const name = written === 'LEAST_CONN' ? 'LEAST_REQUEST' : written;
  if (options.loadBalancers.has(name)) return name;
  const known = [...options.loadBalancers].sort();
  const reason = `${settings.name('simple')} "${written}" is not a balancer of Polywire or of a loaded plugin`;
  settings.error(`${reason}: there are ${known.join(', ')}.${didYouMean(written, known)}`, 'simple');
  return undefined;
}
