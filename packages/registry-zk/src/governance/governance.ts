import { isDeepStrictEqual } from 'node:util';
import type { Endpoint, RegistryContext } from '@polywire/core/spi';
import type { AnnouncedService } from '../follow/layout.ts';
import type { Decorated, Decorator, MergedServices } from '../follow/merged-services.ts';
import { decodeNodeName, NodeUrlError } from '../node-url.ts';
import type { RuleKey } from './config-rule.ts';
import { ConfigRules } from './config-rules.ts';
import { applicationOf, TAG } from './endpoint-parameters.ts';
import { type GovernedService, governService } from './governed-service.ts';
import { OldRules } from './old-rules.ts';

type Log = RegistryContext['log'];

/** The rules that operators of Dubbo keep in one registry, applied to its services of Dubbo. */
export class Governance implements Decorator {
  readonly #config: ConfigRules;
  readonly #old: OldRules;
  readonly #log: Log;
  /** Trees that were not read yet: until they are, nobody may be sent where a rule forbids it. */
  readonly #unread: Set<string>;
  readonly #warned = new Set<string>();
  #services: MergedServices | undefined;

  /** @param trees that its rules come from */
  constructor(trees: readonly string[], log: Log) {
    this.#unread = new Set(trees);
    this.#config = new ConfigRules(log);
    this.#old = new OldRules(log);
    this.#log = log;
  }

  /** Where changes of rules are said. */
  attach(services: MergedServices): void {
    this.#services = services;
  }

  /** A tree was read. */
  read(tree: string): void {
    if (this.#unread.delete(tree) && this.#unread.size === 0) this.#services?.redeliver(() => true);
  }

  /** The children of the configuration centre, with their data. */
  setConfig(path: string, children: ReadonlyMap<string, Buffer>): void {
    const changed = this.#config.set(path, children);
    if (changed.length > 0) this.#redeliver((service, endpoints) => changed.some((key) => concerns(key, service, endpoints)));
  }

  /**
   * The names of the children of one `configurators` or `routers`.
   * @param directory name of the node above it: the interface, encoded
   */
  setOld(directory: string, path: string, names: readonly string[]): void {
    const name = this.#interfaceOf(directory);
    if (name !== undefined && this.#old.set(name, path, names)) this.#redeliver(({ identity }) => identity.name === name);
  }

  /**
   * @param former what it answered before, for this service
   * @returns undefined: it is not known yet
   */
  decorate(service: AnnouncedService, endpoints: readonly Endpoint[], former: Decorated | undefined): Decorated | undefined {
    if (this.#unread.size > 0) return undefined;
    const { protocol } = service;
    if (protocol !== 'dubbo' && protocol !== 'tri') return { endpoints, rules: undefined };
    const hadTags = former?.rules?.some(({ match }) => match.some(({ of }) => of.kind === 'header' && of.name === TAG)) === true;
    const governed = governService(service, endpoints, { config: this.#config, old: this.#old }, hadTags);
    this.#warn(governed);
    return unchangedKept(governed, former);
  }

  failed(host: string, error: unknown): void {
    this.#log('error', `rules could not be applied to ${host}; what was known of it stays in force`, { error });
  }

  #redeliver(concerned: (service: AnnouncedService, endpoints: readonly Endpoint[]) => boolean): void {
    if (this.#unread.size === 0) this.#services?.redeliver(concerned);
  }

  #interfaceOf(directory: string): string | undefined {
    try {
      return decodeNodeName(directory);
    } catch (error) {
      if (error instanceof NodeUrlError) return undefined;
      throw error;
    }
  }

  /** Of each rule once, however many services it is for. */
  #warn({ rules }: GovernedService): void {
    for (const { origin, text, fault } of rules ?? []) {
      const key = `${origin} ${text}`;
      if (fault === undefined || this.#warned.has(key)) continue;
      if (this.#warned.size >= 10_000) this.#warned.clear();
      this.#warned.add(key);
      this.#log('warn', `rule ${text} of ${origin} is not followed: ${fault}`);
    }
  }
}

/** A condition rule of an application is also for its calls of any service. */
function concerns({ subject, suffix }: RuleKey, { identity }: AnnouncedService, endpoints: readonly Endpoint[]): boolean {
  if (subject.kind === 'application') {
    return suffix === '.condition-router' || endpoints.some((endpoint) => applicationOf(endpoint) === subject.name);
  }
  const { name, group, version } = subject.identity;
  return identity.name === name && identity.group === group && identity.version === version;
}

/** What is the same as before is the same object as before. */
function unchangedKept({ endpoints, rules }: GovernedService, former: Decorated | undefined): Decorated {
  if (former === undefined) return { endpoints, rules };
  const known = new Map(former.endpoints.map((each) => [`${each.address} ${each.port}`, each]));
  const kept = endpoints.map((each) => {
    const same = each.overrides === undefined ? undefined : known.get(`${each.address} ${each.port}`);
    return same !== undefined && isDeepStrictEqual(same, each) ? same : each;
  });
  return { endpoints: kept, rules: isDeepStrictEqual(rules, former.rules) ? former.rules : rules };
}
