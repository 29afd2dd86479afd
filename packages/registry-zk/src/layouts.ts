import type { RegistryContext } from '@polywire/core/spi';
import { DubboLayout } from './dubbo/dubbo-layout.ts';
import type { Layout } from './follow/layout.ts';
import { SofaLayout } from './sofa/sofa-layout.ts';

/** What `layouts` may name. */
export const LAYOUTS = ['dubbo', 'sofarpc'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** Nodes that hold a tree each. */
export type RootName = LayoutName;

/** Where the trees are by default: as the frameworks write them. */
export const DEFAULT_ROOTS: Readonly<Record<RootName, string>> = { dubbo: 'dubbo', sofarpc: 'sofa-rpc' };

/** Which trees are followed. */
export interface LayoutsConfig {
  readonly layouts: readonly LayoutName[];
  /** Absolute paths. */
  readonly roots: Readonly<Record<RootName, string>>;
}

/** The configured layouts. Of two that announce one address of one service, the first decides what is said of it. */
export function createLayouts({ layouts, roots }: LayoutsConfig, { log }: RegistryContext): Layout[] {
  const create: Readonly<Record<LayoutName, () => Layout>> = {
    dubbo: () => new DubboLayout(roots.dubbo, log),
    sofarpc: () => new SofaLayout(roots.sofarpc, log),
  };
  return layouts.map((name) => create[name]());
}
