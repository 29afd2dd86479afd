import type { RegistryContext } from '@polywire/core/spi';
import type { ConditionRule } from './condition-rule.ts';
import { type RuleContent, type RuleKey, type RuleSuffix, ruleId, ruleKeyOf, type Subject } from './config-rule.ts';
import type { Configurator } from './configurator.ts';

interface Node {
  readonly key: RuleKey;
  readonly path: string;
  readonly data: Buffer;
  /** undefined: it could not be understood, and neither could what it said before. */
  readonly content: RuleContent | undefined;
}

/** A rule in force. */
export interface ConfigRule {
  readonly subject: Subject;
  /** Of its node. */
  readonly path: string;
  readonly content: RuleContent;
}

/** The conditions of an application. */
interface ApplicationConditions {
  readonly application: string;
  readonly rule: ConditionRule;
}

/** The rules of the configuration centre. A node that cannot be understood keeps what it said before. */
export class ConfigRules {
  readonly #log: RegistryContext['log'];
  #nodes: ReadonlyMap<string, Node> = new Map();
  #ofApplications: readonly ApplicationConditions[] = [];

  constructor(log: RegistryContext['log']) {
    this.#log = log;
  }

  /**
   * @param children of the node at `path`, with their data
   * @returns which rules changed
   */
  set(path: string, children: ReadonlyMap<string, Buffer>): RuleKey[] {
    const former = this.#nodes;
    const now = new Map<string, Node>();
    const changed: RuleKey[] = [];
    for (const [name, data] of children) {
      const key = ruleKeyOf(name);
      if (key === undefined) continue;
      const known = former.get(key.id);
      const node = known?.data.equals(data) ? known : this.#read(key, `${path}/${name}`, data, known?.content);
      now.set(key.id, node);
      if (node.content !== known?.content) changed.push(key);
    }
    for (const [id, { key, content }] of former) if (!now.has(id) && content !== undefined) changed.push(key);
    this.#nodes = now;
    this.#ofApplications = [...now.values()].flatMap(({ key: { subject }, content }) =>
      subject.kind === 'application' && content?.kind === 'conditions' && content.rule !== undefined
        ? { application: subject.name, rule: content.rule }
        : [],
    );
    return changed;
  }

  get(subject: Subject, suffix: RuleSuffix): ConfigRule | undefined {
    return ruleOf(this.#nodes.get(ruleId(subject, suffix)));
  }

  /** The conditions of all applications: every consumer follows those of its own. */
  get ofApplications(): readonly ApplicationConditions[] {
    return this.#ofApplications;
  }

  #read(key: RuleKey, path: string, data: Buffer, former: RuleContent | undefined): Node {
    try {
      // Dubbo Admin empties a node before it removes it.
      const content = data.length === 0 ? undefined : key.parse(data.toString(), path);
      if (content?.kind === 'unsupported') this.#log('warn', `${path} is not followed: ${content.fault}`);
      if (content?.kind === 'configurators' && key.subject.kind === 'application') this.#warnOfConsumers(content.configurators, path);
      return { key, path, data, content };
    } catch (error) {
      const kept = former === undefined ? 'it has no effect' : 'what it said before stays in force';
      this.#log('warn', `cannot understand ${path}, so that ${kept}; mend or remove the node`, { error });
      return { key, path, data, content: former };
    }
  }

  #warnOfConsumers(configurators: readonly Configurator[], path: string): void {
    if (!configurators.some(({ side }) => side === 'consumer')) return;
    this.#log('warn', `what ${path} says to consumers is not followed: endpoints are the same for all callers`);
  }
}

function ruleOf(node: Node | undefined): ConfigRule | undefined {
  return node?.content === undefined ? undefined : { subject: node.key.subject, path: node.path, content: node.content };
}
