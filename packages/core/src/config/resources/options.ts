import type { SettingsFault } from '../../plugin/settings-fault.ts';

/** What the loaded plugins allow in resources. */
export interface ResourceOptions {
  /** Names that `trafficPolicy.loadBalancer.simple` may take, upper case. */
  readonly loadBalancers: ReadonlySet<string>;
  /** What a port may say by its protocol or its name's first word, lower case, and the name of the protocol that it means. */
  readonly protocols: ReadonlyMap<string, string>;
  /** Asks a protocol's codec what it makes of settings; absent: nobody is asked. */
  readonly settingsFault?: (protocol: string, settings: ReadonlyMap<string, string>) => SettingsFault | undefined;
}

/** `exportTo` shares a resource with other namespaces. A file-fed proxy is one namespace: what is for all, or for this one, is for it. */
export const EXPORTED_HERE: ReadonlySet<string> = new Set(['.', '*']);
