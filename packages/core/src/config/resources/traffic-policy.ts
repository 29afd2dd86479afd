import { didYouMean } from '../suggest.ts';
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

/** Istio's ClientTLSSettings, as far as it says that there is no TLS. */
export const TLS_FIELDS: FieldTable = {
  mode: 'read',
  clientCertificate: refused('connections would not be encrypted'),
  privateKey: refused('connections would not be encrypted'),
  caCertificates: refused('connections would not be encrypted'),
  caCrl: refused('connections would not be encrypted'),
  credentialName: refused('connections would not be encrypted'),
  subjectAltNames: refused('the names in certificates would not be checked'),
  sni: refused('connections would not be encrypted'),
  insecureSkipVerify: refused('connections would not be encrypted'),
};

/** The balancer's name that a `trafficPolicy` asks for, upper case; undefined when it leaves the choice open. */
export function readLoadBalancer(parent: ObjectReader, options: ResourceOptions): string | undefined {
  const policy = parent.object('trafficPolicy', TRAFFIC_POLICY_FIELDS);
  if (policy === undefined) return undefined;
  checkTls(policy);
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

function checkTls(policy: ObjectReader): void {
  const tls = policy.object('tls', TLS_FIELDS);
  const mode = tls?.text('mode');
  if (tls === undefined || mode === undefined || mode === 'DISABLE') return;
  tls.error(`${tls.name('mode')} "${mode}" is not implemented: connections would not be encrypted. Only DISABLE is`, 'mode');
}
