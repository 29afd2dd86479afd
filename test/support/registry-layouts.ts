// The ZooKeeper layouts of @polywire/registry-zk, read without a server, and what becomes of them. No part of what is published.

type Leaves = typeof import('../../packages/registry-zk/src/testing/leaf.ts');
type Dubbo = typeof import('../../packages/registry-zk/src/dubbo/dubbo-layout.ts');
type Applications = typeof import('../../packages/registry-zk/src/dubbo-application/application-layout.ts');
type Metadata = typeof import('../../packages/registry-zk/src/dubbo-application/metadata.ts');
type Sofa = typeof import('../../packages/registry-zk/src/sofa/sofa-layout.ts');
type Motan = typeof import('../../packages/registry-zk/src/motan/motan-layout.ts');
type Spring = typeof import('../../packages/registry-zk/src/spring/spring-layout.ts');
type Core = typeof import('../../packages/core/src/index.ts');
type Providers = typeof import('../../packages/registry-zk/src/testing/providers.ts');

const { TestLeaf }: Leaves = await load('registry-zk', 'testing/leaf');
const { DubboLayout }: Dubbo = await load('registry-zk', 'dubbo/dubbo-layout');
const { ApplicationLayout }: Applications = await load('registry-zk', 'dubbo-application/application-layout');
const { servicesOf }: Metadata = await load('registry-zk', 'dubbo-application/metadata');
const { SofaLayout }: Sofa = await load('registry-zk', 'sofa/sofa-layout');
const { MotanLayout }: Motan = await load('registry-zk', 'motan/motan-layout');
const { SpringLayout }: Spring = await load('registry-zk', 'spring/spring-layout');
const core: Core = await load('core', 'index');
const providers: Providers = await load('registry-zk', 'testing/providers');

export const { dumpEntries } = core;
export const { javaUrlEncode } = providers;

type Entries = Leaves['TestLeaf']['prototype']['entries'];
type Entry = Entries extends ReadonlyMap<string, infer Value> ? Value : never;

const silent = (): void => undefined;

/** The services that nodes of each layout announce. */
export const LAYOUTS = {
  dubbo: (interfaceName: string, names: readonly string[]): Entry[] =>
    read(new TestLeaf(new DubboLayout('/dubbo', silent), [interfaceName]), named(names)),
  sofarpc: (interfaceName: string, names: readonly string[]): Entry[] =>
    read(new TestLeaf(new SofaLayout('/sofa-rpc', silent), [interfaceName]), named(names)),
  motan: (group: string, interfaceName: string, nodes: ReadonlyMap<string, Buffer>): Entry[] =>
    read(new TestLeaf(new MotanLayout('/motan', silent), [group, interfaceName]), nodes),
  'spring-cloud': (name: string, texts: readonly string[]): Entry[] =>
    read(new TestLeaf(new SpringLayout('/services', silent), [name]), numbered(texts)),
  /** Dubbo's application level, of which the metadata are at hand. */
  'dubbo-application': async (application: string, texts: readonly string[], metadata: string): Promise<Entry[]> => {
    const layout = new ApplicationLayout({
      root: '/services',
      isRequired: true,
      metadata: {
        get: async () => {
          const services = servicesOf(JSON.parse(metadata));
          return services === undefined ? { kind: 'absent', reason: 'none' } : { kind: 'known', services };
        },
      },
      retryMs: 60_000,
      patienceMs: 60_000,
      isAnnounced: () => false,
      log: silent,
    });
    const leaf = new TestLeaf(layout, [application]);
    read(leaf, numbered(texts));
    await (leaf.reading.pending ?? leaf.reading.later);
    return read(leaf, numbered(texts));
  },
};

function read(leaf: Leaves['TestLeaf']['prototype'], children: ReadonlyMap<string, Buffer>): Entry[] {
  leaf.update(children);
  return [...leaf.entries.values()];
}

function named(names: readonly string[]): Map<string, Buffer> {
  return new Map(names.map((name) => [name, Buffer.alloc(0)]));
}

function numbered(texts: readonly string[]): Map<string, Buffer> {
  return new Map(texts.map((text, index) => [String(index), Buffer.from(text)]));
}

// This file runs as test/dist/support/registry-layouts.js.
function load(where: string, name: string) {
  return import(new URL(`../../../packages/${where}/dist/${name}.js`, import.meta.url).href);
}
