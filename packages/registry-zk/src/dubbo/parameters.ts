import { isLabel, sortedByKey } from '../labels.ts';
import type { NodeUrl } from '../node-url.ts';
import { SharedValues } from '../shared-values.ts';
import { parameter } from './parameter.ts';

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
  group-priority heartbeat heartbeat.timeout host init injvm interface interfaces invoker.listener iothreads ipv6 ispuserver isExtra keepalive lazy listener
  loadbalance local logger merger metadata metadata-service-port metadata-service-protocol metadata-type metadata.type methods mock
  monitor networker notify onconnect ondisconnect optimizer owner parameters path payload pid prefer.serialization preferred-protocol
  prompt protocol provider.filter proxy queues ratelimit reconnect reference.filter register register-mode registry
  registry-cluster-type remote.application remote.timestamp retries revision router rule runtime scope send.reconnect sent serialization
  serialize.check.status REGISTRY_CLUSTER server service-name-mapping service.filter service.listener service.name share.connections shutdown.timeout
  side ssl-enabled sticky stub stub.event subscribe telnet threadname threadpool threads timeout timestamp token tps tps.interval
  transporter valid validation warmup weight`.split(/\s+/),
);

/** Prefixes of Dubbo's own parameters. */
const OWN_PREFIXES = ['default.', 'dubbo.metadata', 'metadata-service.', 'metrics.', 'qos.', 'registry.', 'router.', 'tracing.'];

/** The providers of an application have the same ones. */
const sharedLabels = new SharedValues<ReadonlyMap<string, string>>();

/** What a subset may well select on, sorted by key. Equal labels are the same object. */
export function labelsOf(url: NodeUrl): ReadonlyMap<string, string> {
  let methods: ReadonlySet<string> | undefined;
  const stable: (readonly [string, string])[] = [];
  for (const each of url.parameters) {
    const [key] = each;
    if (OWN.has(key)) continue;
    if (!STABLE.has(key)) {
      methods ??= methodsOf(url);
      if (!isStable(key, methods)) continue;
    }
    stable.push(each);
  }
  // Neither has a `&`, and keys no `=`.
  const text = stable.map(([key, value]) => `${key}=${value}`).join('&');
  return sharedLabels.get(text, () => sortedByKey(stable.filter(([key, value]) => isLabel(key, value))));
}

/** All parameters that are no labels, sorted by key, and in `timeout` and `path` what callers need and the parameters say otherwise. */
export function metadataOf(url: NodeUrl, interfaceName: string): ReadonlyMap<string, string> {
  const methods = methodsOf(url);
  const metadata = new Map([...url.parameters].filter(([key, value]) => !(isStable(key, methods) && isLabel(key, value))));
  const timeout = parameter(url, 'timeout');
  if (timeout !== undefined) metadata.set('timeout', timeout);
  if (url.path !== '' && url.path !== interfaceName) metadata.set('path', url.path);
  return sortedByKey(metadata);
}

function methodsOf(url: NodeUrl): ReadonlySet<string> {
  return new Set(url.parameters.get('methods')?.split(','));
}

/**
 * Whether a parameter may well be selected on.
 * @param methods of the service
 */
export function isStable(key: string, methods: ReadonlySet<string>): boolean {
  if (STABLE.has(key)) return true;
  if (OWN.has(key) || OWN_PREFIXES.some((prefix) => key.startsWith(prefix))) return false;
  // `<method>.timeout` and the like
  const dot = key.lastIndexOf('.');
  return dot < 0 || !(methods.has(key.slice(0, dot)) || OWN.has(key.slice(dot + 1)));
}
