import type { RegistryContext } from '@polywire/core/spi';
import type { ZkClient } from './client/client.ts';
import { DubboLayout } from './dubbo/dubbo-layout.ts';
import { ApplicationLayout } from './dubbo-application/application-layout.ts';
import { InstanceMetadata } from './dubbo-application/instance-metadata.ts';
import { type MetadataSource, MetadataSources, ZooKeeperMetadata } from './dubbo-application/metadata.ts';
import type { FollowOptions } from './follow/follow-context.ts';
import type { Layout } from './follow/layout.ts';
import type { MergedServices } from './follow/merged-services.ts';
import type { ReadLimit } from './follow/read-limit.ts';
import { Governance } from './governance/governance.ts';
import { ConfigRuleLayout, OldRuleLayout } from './governance/rule-layouts.ts';
import { MotanLayout } from './motan/motan-layout.ts';
import { SofaLayout } from './sofa/sofa-layout.ts';
import { SpringLayout } from './spring/spring-layout.ts';

/** What `layouts` may name. */
export const LAYOUTS = ['dubbo', 'dubbo-application', 'sofarpc', 'motan', 'spring-cloud'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** When nothing is said. Nobody misses the second one's tree, where it is not there. */
export const DEFAULT_LAYOUTS: readonly LayoutName[] = ['dubbo', 'dubbo-application'];

/** Where the trees are by default: as the frameworks write them. */
export const DEFAULT_ROOTS: Readonly<Record<LayoutName, string>> = {
  dubbo: 'dubbo',
  'dubbo-application': 'services',
  sofarpc: 'sofa-rpc',
  motan: 'motan',
  'spring-cloud': 'services',
};

/** How long instances that are asked for their metadata may hold up a registry's first answer. */
const PATIENCE_MS = 2000;

/** Nodes that hold a tree each. */
export type RootName = LayoutName | 'dubbo-metadata' | 'dubbo-config';

/** Which trees are followed. */
export interface LayoutsConfig {
  readonly layouts: readonly LayoutName[];
  /** Layouts that nobody asked for. */
  readonly optional: readonly LayoutName[];
  /** Absolute paths. */
  readonly roots: Readonly<Record<RootName, string>>;
  readonly follow: FollowOptions;
  /** Whether the rules are followed that operators of Dubbo keep. */
  readonly governance: boolean;
  /** Whether new providers come to their shares as they wish. */
  readonly warmsUp: boolean;
  /** For one answer of one instance that is asked for its metadata, in ms. */
  readonly metadataTimeoutMs: number;
}

/** What layouts may use. */
interface LayoutContext {
  readonly client: ZkClient;
  readonly reads: ReadLimit;
  readonly services: MergedServices;
  readonly log: RegistryContext['log'];
  readonly call: RegistryContext['call'];
}

/** The configured layouts. Of two that announce one address of one service, the first decides what is said of it. */
export function createLayouts(config: LayoutsConfig, context: LayoutContext): Layout[] {
  const { layouts, optional, roots, follow, warmsUp } = config;
  const { services, log } = context;
  const create: Readonly<Record<LayoutName, () => Layout>> = {
    dubbo: () => new DubboLayout(roots.dubbo, log, warmsUp),
    'dubbo-application': () =>
      new ApplicationLayout({
        root: roots['dubbo-application'],
        isRequired: !optional.includes('dubbo-application'),
        metadata: metadataOf(config, context),
        retryMs: follow.deniedRetryMs,
        patienceMs: PATIENCE_MS,
        isAnnounced: (address, port) => services.hasAddress(address, port),
        log,
        warmsUp,
      }),
    sofarpc: () => new SofaLayout(roots.sofarpc, log, warmsUp),
    motan: () => new MotanLayout(roots.motan, log),
    'spring-cloud': () => new SpringLayout(roots['spring-cloud'], log),
  };
  return layouts.map((name) => create[name]());
}

/** The rules for the services of these layouts, and the trees that they are in; undefined: there are none. */
export function createGovernance(
  { layouts, roots, governance }: LayoutsConfig,
  log: RegistryContext['log'],
): { readonly rules: Governance; readonly layouts: readonly Layout[] } | undefined {
  const isOld = layouts.includes('dubbo');
  if (!governance || !(isOld || layouts.includes('dubbo-application'))) return undefined;
  const config = roots['dubbo-config'];
  const rules = new Governance(isOld ? [config, roots.dubbo] : [config], log);
  return { rules, layouts: [new ConfigRuleLayout(config, rules), ...(isOld ? [new OldRuleLayout(roots.dubbo, rules)] : [])] };
}

function metadataOf({ roots, metadataTimeoutMs }: LayoutsConfig, { client, reads, call }: LayoutContext): MetadataSource {
  const zookeeper = new ZooKeeperMetadata(client, reads, roots['dubbo-metadata']);
  return call === undefined ? zookeeper : new MetadataSources([zookeeper, new InstanceMetadata(call, metadataTimeoutMs)]);
}
