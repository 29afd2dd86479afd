import { ConfigError } from '@polywire/core/spi';

/** Where a name's value comes from. */
export type NameSource =
  | { readonly from: 'info'; readonly key: string }
  | { readonly from: 'argument'; readonly id: number }
  | { readonly from: 'transport' }
  | { readonly from: 'encoding' }
  | { readonly from: 'nothing' };

/** Field ids are int16; those below 1 are given by the compiler to fields without one. */
const MAX_FIELD_ID = 0x7fff;

/**
 * What a rule's header name means on Thrift: an info of a THeader by its exact key, or one of `:argument[n]`, `:transport`, `:encoding`. There
 * are no groups and versions: `:group` and `:version` are absent, so that rules for several protocols can look at them.
 * @throws ConfigError for other names
 */
export function nameSource(name: string): NameSource {
  if (name === '') throw new ConfigError('a header name cannot be empty');
  if (!name.startsWith(':')) return { from: 'info', key: name };
  if (name === ':transport') return { from: 'transport' };
  if (name === ':encoding') return { from: 'encoding' };
  if (name === ':group' || name === ':version') return { from: 'nothing' };
  const id = /^:argument\[(\d{1,5})\]$/.exec(name)?.[1];
  if (id !== undefined && Number(id) <= MAX_FIELD_ID) return { from: 'argument', id: Number(id) };
  throw new ConfigError(`thrift has no pseudo-header ${name}; it has :transport, :encoding and :argument[n], n being a field's id`);
}
