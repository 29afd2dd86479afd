import { ConfigError } from '@polywire/core/spi';

/** Where a name's value comes from. */
export type NameSource =
  | { readonly from: 'attachment'; readonly key: string; readonly emptyIsAbsent: boolean }
  | { readonly from: 'version' }
  | { readonly from: 'argument'; readonly index: number };

/** Highest argument that a rule can ask for: the JVM allows no more parameters. */
const MAX_ARGUMENT = 254;

/**
 * What a rule's header name means on Dubbo: an attachment by its exact key, or one of `:group`, `:version`, `:argument[n]`.
 * @throws ConfigError for other names
 */
export function nameSource(name: string): NameSource {
  if (name === '') throw new ConfigError('a header name cannot be empty');
  if (!name.startsWith(':')) return { from: 'attachment', key: name, emptyIsAbsent: false };
  if (name === ':group') return { from: 'attachment', key: 'group', emptyIsAbsent: true };
  if (name === ':version') return { from: 'version' };
  const index = /^:argument\[(\d{1,3})\]$/.exec(name)?.[1];
  if (index !== undefined && Number(index) <= MAX_ARGUMENT) return { from: 'argument', index: Number(index) };
  throw new ConfigError(`dubbo has no pseudo-header ${name}; it has :group, :version and :argument[n] with n from 0 to ${MAX_ARGUMENT}`);
}
