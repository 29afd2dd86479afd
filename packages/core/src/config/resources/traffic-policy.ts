import type { WarmUp } from '../../cluster/warm-up.ts';
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
  warmup: 'read',
  warmupDurationSecs: 'read',
};

/** Istio's WarmupConfiguration. */
const WARMUP_FIELDS: FieldTable = { duration: 'read', minimumPercent: 'read', aggression: 'read' };

/** Istio's defaults. */
const MINIMUM_PERCENT = 10;
const AGGRESSION = 1;

/** What a `trafficPolicy` says. */
export interface TrafficPolicy {
  /** Upper case; undefined when it leaves the choice open. */
  readonly loadBalancer: string | undefined;
  /** `none`: there is a `loadBalancer` and it does not speak of it; undefined: there is none. */
  readonly warmUp: WarmUp | 'none' | undefined;
  readonly tls: ClientTls | undefined;
}

/** The `trafficPolicy` of a rule or of a subset. */
export function readTrafficPolicy(parent: ObjectReader, options: ResourceOptions): TrafficPolicy {
  const policy = parent.object('trafficPolicy', TRAFFIC_POLICY_FIELDS);
  const settings = policy?.object('loadBalancer', LOAD_BALANCER_FIELDS);
  return {
    loadBalancer: settings && readLoadBalancer(settings, options),
    warmUp: settings && (readWarmUp(settings) ?? 'none'),
    tls: policy && readClientTls(policy),
  };
}

function readLoadBalancer(settings: ObjectReader, options: ResourceOptions): string | undefined {
  const written = settings.text('simple');
  if (written === undefined || written === 'UNSPECIFIED') return undefined;
  const name = written === 'LEAST_CONN' ? 'LEAST_REQUEST' : written;
  if (options.loadBalancers.has(name)) return name;
  const known = [...options.loadBalancers].sort();
  const reason = `${settings.name('simple')} "${written}" is not a balancer of Polywire or of a loaded plugin`;
  settings.error(`${reason}: there are ${known.join(', ')}.${didYouMean(written, known)}`, 'simple');
  return undefined;
}

/** Envoy's slow start: the weight times max(minimum, elapsed part of the duration to the power of 1 / aggression). */
function readWarmUp(settings: ObjectReader): WarmUp | undefined {
  const warmup = settings.object('warmup', WARMUP_FIELDS);
  if (warmup !== undefined && settings.has('warmupDurationSecs')) {
    settings.warn(`${settings.name('warmupDurationSecs')} has no effect beside warmup`, 'warmupDurationSecs');
  }
  const [reader, key] = warmup === undefined ? [settings, 'warmupDurationSecs'] : [warmup, 'duration'];
  if (warmup !== undefined && !warmup.has(key)) warmup.error(`${warmup.name()} needs ${key}`);
  const durationMs = reader.duration(key);
  const leastPercent = warmup?.number('minimumPercent', 0, 100) ?? MINIMUM_PERCENT;
  const aggression = warmup?.number('aggression', 1) ?? AGGRESSION;
  if (durationMs === 0) reader.error(`${reader.name(key)} must be at least 1ms`, key);
  if (durationMs === undefined || durationMs === 0) return undefined;
  return { durationMs, leastWeight: 0, leastShare: leastPercent / 100, exponent: 1 / aggression };
}
