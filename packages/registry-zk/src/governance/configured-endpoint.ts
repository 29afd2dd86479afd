import { type Endpoint, type Override, shownValue } from '@polywire/core/spi';
import { isStable } from '../dubbo/parameters.ts';
import { isLabel, sortedByKey } from '../labels.ts';
import { withWarmup } from '../warm-up.ts';
import { applies, type Configurator, type Side } from './configurator.ts';
import { parameterOf } from './endpoint-parameters.ts';

/** An endpoint as configurators leave it. */
export interface ConfiguredEndpoint {
  /** The same object when none of them is about it. */
  readonly endpoint: Endpoint;
  /** The rule that took it out of service; its weight is 0 then. */
  readonly disabledBy: string | undefined;
}

/** What applies to an endpoint, each list in order: what its provider does itself comes before what its consumers do. */
export interface Configurators {
  readonly provider: readonly Configurator[];
  readonly consumer: readonly Configurator[];
}

/** @param service Dubbo's key of the service that it is of */
export function configureEndpoint(endpoint: Endpoint, service: string, { provider, consumer }: Configurators): ConfiguredEndpoint {
  let draft: Draft | undefined;
  const apply = (configurator: Configurator, side: Side): void => {
    if (!applies(configurator, draft?.endpoint() ?? endpoint, service, side)) return;
    draft ??= new Draft(endpoint);
    for (const [key, value] of configurator.parameters) draft.set(key, value, configurator);
  };
  for (const configurator of provider) apply(configurator, 'provider');
  for (const configurator of consumer) apply(configurator, 'consumer');
  return draft === undefined ? { endpoint, disabledBy: undefined } : draft.finished();
}

/** An endpoint that is being changed. */
class Draft {
  readonly #before: Endpoint;
  readonly #labels: Map<string, string>;
  readonly #metadata: Map<string, string>;
  /** What was done to each key, the last rule of several. */
  readonly #overrides = new Map<string, Override>();
  #weight: number;

  constructor(endpoint: Endpoint) {
    this.#before = endpoint;
    this.#labels = new Map(endpoint.labels);
    this.#metadata = new Map(endpoint.metadata);
    this.#weight = endpoint.weight;
  }

  set(key: string, value: string, { mode, origin }: Configurator): void {
    const now = this.#labels.get(key) ?? this.#metadata.get(key);
    if (mode === 'absent' && now !== undefined) return;
    if (key === 'weight') {
      if (!/^-?\d{1,9}$/.test(value)) return;
      this.#weight = Math.max(0, Number(value));
    }
    const methods = new Set(parameterOf(this.#before, 'methods')?.split(','));
    const isForLabels = isStable(key, methods) && isLabel(key, value);
    (isForLabels ? this.#metadata : this.#labels).delete(key);
    (isForLabels ? this.#labels : this.#metadata).set(key, value);
    this.#overrides.set(key, { origin, effect: this.#effect(key, value) });
  }

  endpoint(): Endpoint {
    return {
      ...withWarmup(this.#before, this.#overrides.has('warmup') ? this.#metadata.get('warmup') : undefined),
      weight: this.#weight,
      labels: sortedByKey(this.#labels),
      metadata: sortedByKey(this.#metadata),
      overrides: [...(this.#before.overrides ?? []), ...this.#overrides.values()],
    };
  }

  finished(): ConfiguredEndpoint {
    const [disabled, enabled] = [this.#metadata.get('disabled'), this.#metadata.get('enabled')];
    const isDisabled = disabled === undefined ? enabled === 'false' : disabled === 'true';
    if (isDisabled) this.#weight = 0;
    return {
      endpoint: this.endpoint(),
      disabledBy: isDisabled ? this.#overrides.get(disabled === undefined ? 'enabled' : 'disabled')?.origin : undefined,
    };
  }

  #effect(key: string, value: string): string {
    const before = key === 'weight' ? String(this.#before.weight) : parameterOf(this.#before, key);
    const was = before === undefined ? 'not set' : shownValue(key, before);
    return `${key} ${shownValue(key, value)}, ${before === value ? 'as it says itself' : `was ${was}`}`;
  }
}
