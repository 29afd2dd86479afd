import type { ResolveHook } from 'node:module';

/** What the main thread hands to this hook, which runs in the loader's thread. */
export interface ResolveHookData {
  /** URLs of modules of the running installation, from which its packages can be seen. */
  readonly installation: readonly string[];
}

/** A plugin imports these two and nothing else of Polywire. */
const OWN_PACKAGES = /^@polywire\/(core\/spi|hessian)$/;
/** `polywire-plugin:<package>?<URL of the bootstrap's folder>`: import() offers no way to say from where a name is looked up. */
const PLUGIN_NAME = /^polywire-plugin:([^?]+)\?(.+)$/;

let installation: readonly string[] = [];

/** Called by Node, once. */
export function initialize(data: ResolveHookData): void {
  installation = data.installation;
}

/**
 * Called by Node for every import after it was registered. A plugin in a folder without node_modules finds Polywire's own packages in
 * the running installation; where normal resolution succeeds it is left alone.
 */
export const resolve: ResolveHook = async (specifier, context, nextResolve) => {
  const plugin = PLUGIN_NAME.exec(specifier);
  const wanted = plugin === null ? specifier : decodeURIComponent(plugin[1] ?? '');
  const from = plugin === null ? context : { ...context, parentURL: decodeURIComponent(plugin[2] ?? '') };
  try {
    return await nextResolve(wanted, from);
  } catch (error) {
    if (plugin === null && !OWN_PACKAGES.test(specifier)) throw error;
    for (const parentURL of installation) {
      try {
        return await nextResolve(wanted, { ...context, parentURL });
      } catch {
        // The next one may see it; when none does, the first failure names the place that the user knows.
      }
    }
    throw error;
  }
};
