import { ConfigError } from '@polywire/core/spi';

/** Where a name's value comes from. */
export type NameSource =
  | { readonly from: 'header'; readonly key: string }
  | { readonly from: 'version' | 'unique-id' | 'class' | 'nothing' }
  | { readonly from: 'argument'; readonly index: number };

/** Highest argument that a rule can ask for: the JVM allows no more parameters. */
const MAX_ARGUMENT = 254;

/**
 * What a rule's header name means on Bolt: a header by its exact key, or one of the names that begin with a colon. There are no groups;
 * `:group` is absent, so that rules for several protocols can look at it.
 * @throws ConfigError for other names
 */
export function nameSource(name: string): NameSource {
  if (name === '') throw new ConfigError('a header name cannot be empty');
  if (!name.startsWith(':')) return { from: 'header', key: name };
  if (name === ':version') return { from: 'version' };
  if (name === ':uniqueId') return { from: 'unique-id' };
  if (name === ':group') return { from: 'nothing' };
  if (name === ':class') return { from: 'class' };
  if (name === ':app') return { from: 'header', key: 'sofa_head_target_app' };
  // RemotingConstants.HEAD_APP_NAME; SOFARPC 5.13's tracer still reads sofaCallerApp, but nothing there writes it.
  if (name === ':callerApp') return { from: 'header', key: 'app' };
  const index = /^:argument\[(\d{1,3})\]$/.exec(name)?.[1];
  if (index !== undefined && Number(index) <= MAX_ARGUMENT) return { from: 'argument', index: Number(index) };
  throw new ConfigError(
    `bolt has no pseudo-header ${name}; it has :version, :uniqueId, :app, :callerApp, :class and :argument[n] with n from 0 to ${MAX_ARGUMENT}`,
  );
}
