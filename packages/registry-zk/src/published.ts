/**
 * The parameter that marks what a Polywire published of itself; its value says which one. Its own registries and those of others pass over
 * what carries it: a proxy that took itself, or another one, for a provider could send a call around for ever.
 */
export const PUBLISHED = 'polywire';
