import type { Filter } from './filter.ts';

type Phase<K extends keyof Filter> = Filter & Required<Pick<Filter, K>>;

/** A listener's filters by phase, so that a phase nobody uses costs one test. Request phases in list order, response phases in reverse. */
export class FilterChain {
  readonly request: readonly Phase<'onRequest'>[];
  readonly routed: readonly Phase<'onRouted'>[];
  readonly attempt: readonly Phase<'onAttempt'>[];
  readonly response: readonly Phase<'onResponse'>[];
  readonly log: readonly Phase<'onLog'>[];

  constructor(filters: readonly Filter[]) {
    const reversed = [...filters].reverse();
    this.request = filters.filter((filter): filter is Phase<'onRequest'> => filter.onRequest !== undefined);
    this.routed = filters.filter((filter): filter is Phase<'onRouted'> => filter.onRouted !== undefined);
    this.attempt = filters.filter((filter): filter is Phase<'onAttempt'> => filter.onAttempt !== undefined);
    this.response = reversed.filter((filter): filter is Phase<'onResponse'> => filter.onResponse !== undefined);
    this.log = reversed.filter((filter): filter is Phase<'onLog'> => filter.onLog !== undefined);
  }
}
