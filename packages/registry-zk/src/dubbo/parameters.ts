import { type ProviderUrl, parameter } from './provider-url.ts';

/**
 * Parameters of Dubbo's own that a subset may well select on. All others of Dubbo's configure the provider or change with each start.
 * What Dubbo does not know was put there by the provider's owner, and is a label too.
 */
const STABLE = new Set(['application', 'dubbo', 'dubbo.tag', 'environment', 'group', 'module', 'organization', 'release', 'version']);

/** Dubbo's own parameters on provider URLs of 2.6 to 3.3, besides the stable ones. */
const OWN = new Set(
  `accepts accesslog actives anyhost async background bean.name bind.ip bind.port buffer callbacks category charset check client cluster
  codec compiler connect.timeout connections container corethreads delay deprecated dispatcher dispather document dynamic echo enabled
  disabled exchanger executes executor executor-management-mode export exported ext.protocol extra-keys file-cache filter generic
  group-priority heartbeat heartbeat.timeout host init injvm interface interfaces invoker.listener iothreads ipv6 keepalive lazy listener
  loadbalance local logger merger metadata metadata-service-port metadata-service-protocol metadata-type metadata.type methods mock
  monitor networker notify onconnect ondisconnect optimizer owner parameters path payload pid prefer.serialization preferred-protocol
  prompt protocol provider.filter proxy queues ratelimit reconnect reference.filter register register-mode registry
  registry-cluster-type remote.application remote.timestamp retries revision router rule runtime scope send.reconnect sent serialization
  serialize.check.status server service-name-mapping service.filter service.listener service.name share.connections shutdown.timeout
  side ssl-enabled sticky stub stub.event subscribe telnet threadname threadpool threads timeout timestamp token tps tps.interval
  transporter valid validation warmup weight`.split(/\s+/),
);

/** Prefixes of Dubbo's own parameters. */
const OWN_PREFIXES = ['default.', 'dubbo.metadata', 'metadata-service.', 'metrics.', 'qos.', 'registry.', 'router.', 'tracing.'];

/** Kubernetes' and Istio's syntax of a label key, and of a value. */
const LABEL_KEY =
  /^(?:(?=.{1,253}\/)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?(?=.{1,63}$)[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?$/;
const LABEL_VALUE = /^(?=.{0,63}$)(?:[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?)?$/;

/** Every parameter is in exactly one of the two. */
export interface Parameters {
  /** Sorted by key. */
  readonly labels: ReadonlyMap<string, string>;
  /** Sorted by key. What is no legal label, and what is not stable. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Splits a provider's parameters, and says in `timeout` and `path` what callers need and the parameters say otherwise. */
export function splitParameters(url: ProviderUrl, interfaceName: string): Parameters {
  const methods = new Set(url.parameters.get('methods')?.split(','));
  const labels = new Map<string, string>();
  const metadata = new Map<string, string>();
  for (const [key, value] of [...url.parameters].sort(byKey)) {
    const isLabel = isStable(key, methods) && LABEL_KEY.test(key) && LABEL_VALUE.test(value);
    (isLabel ? labels : metadata).set(key, value);
  }
  const timeout = parameter(url, 'timeout');
  if (timeout !== undefined) metadata.set('timeout', timeout);
  if (url.path !== '' && url.path !== interfaceName) metadata.set('path', url.path);
  return { labels, metadata: new Map([...metadata].sort(byKey)) };
}

function isStable(key: string, methods: ReadonlySet<string>): boolean {
  if (STABLE.has(key)) return true;
  if (OWN.has(key) || OWN_PREFIXES.some((prefix) => key.startsWith(prefix))) return false;
  // `<method>.timeout` and the like
  const dot = key.lastIndexOf('.');
  return dot < 0 || !(methods.has(key.slice(0, dot)) || OWN.has(key.slice(dot + 1)));
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
