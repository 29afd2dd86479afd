import type { RegistryContext } from '@polywire/core/spi';
import { DubboLayout } from './dubbo/dubbo-layout.ts';
import type { Layout } from './follow/layout.ts';

/** What `layouts` may name. */
export const LAYOUTS = ['dubbo'] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** Which trees are followed. */
export interface LayoutsConfig {
  readonly layouts: readonly LayoutName[];
  /** Absolute paths. */
  readonly roots: Readonly<Record<LayoutName, string>>;
}

/** The configured layouts. Of two that announce one address of one service, the first decides what is said of it. */
export function createLayouts(config: LayoutsConfig, { log }: RegistryContext): Layout[] {
  const create: Readonly<Record<LayoutName, () => Layout>> = {
    dubbo: () => new DubboLayout(config.roots.dubbo, log),
  };
  return config.layouts.map((name) => create[name]());
}
