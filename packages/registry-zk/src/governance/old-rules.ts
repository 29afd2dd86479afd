import type { RegistryContext, ServiceIdentity } from '@polywire/core/spi';
import { serviceKey } from '../dubbo/service-key.ts';
import { type ConditionRule, conditionRuleOf } from './condition-rule.ts';
import { type Configurator, inOrder } from './configurator.ts';
import { configuratorOf, identityOfRule } from './configurator-url.ts';
import { parseRuleNode } from './rule-url.ts';

type OldRule =
  | { readonly kind: 'configurator'; readonly configurator: Configurator }
  | { readonly kind: 'route'; readonly service: string; readonly rule: ConditionRule };

/** The rules of 2.6: the names of the children of `/dubbo/<interface>/configurators` and `/dubbo/<interface>/routers`. */
export class OldRules {
  readonly #log: RegistryContext['log'];
  /** By interface, by path of the list, by name of the child; undefined: it says nothing. Lists without children are not kept. */
  readonly #interfaces = new Map<string, Map<string, ReadonlyMap<string, OldRule | undefined>>>();

  constructor(log: RegistryContext['log']) {
    this.#log = log;
  }

  /**
   * @param names of the children of a list
   * @returns whether something changed
   */
  set(interfaceName: string, path: string, names: readonly string[]): boolean {
    const lists = this.#interfaces.get(interfaceName) ?? new Map<string, ReadonlyMap<string, OldRule | undefined>>();
    const former = lists.get(path);
    if (names.length === (former?.size ?? 0) && names.every((name) => former?.has(name))) return false;
    lists.set(path, new Map(names.map((name) => [name, former?.has(name) ? former.get(name) : this.#read(name, `${path}/${name}`)])));
    if (names.length === 0) lists.delete(path);
    if (lists.size > 0) this.#interfaces.set(interfaceName, lists);
    else this.#interfaces.delete(interfaceName);
    return true;
  }

  /** In order of application. */
  configurators(identity: ServiceIdentity): readonly Configurator[] {
    const all = this.#of(identity).flatMap((rule) => (rule.kind === 'configurator' ? rule.configurator : []));
    return inOrder(all);
  }

  routes(identity: ServiceIdentity): readonly ConditionRule[] {
    const key = serviceKey(identity);
    return this.#of(identity).flatMap((rule) => (rule.kind === 'route' && rule.service === key ? rule.rule : []));
  }

  #of({ name }: ServiceIdentity): OldRule[] {
    const lists = this.#interfaces.get(name);
    if (lists === undefined) return [];
    return [...lists.values()].flatMap((list) => [...list.values()]).filter((rule) => rule !== undefined);
  }

  #read(name: string, path: string): OldRule | undefined {
    try {
      const url = parseRuleNode(name);
      if (url.protocol === 'override' || url.protocol === 'absent') {
        const configurator = configuratorOf(url, path);
        return configurator === undefined ? undefined : { kind: 'configurator', configurator };
      }
      const rule = conditionRuleOf(url, path);
      return rule === undefined ? undefined : { kind: 'route', service: serviceKey(identityOfRule(url)), rule };
    } catch (error) {
      this.#log('warn', `cannot understand ${path}, so that it has no effect; mend or remove the node`, { error });
      return undefined;
    }
  }
}
