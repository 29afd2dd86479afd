import type { CreateOptions, ZkClient } from './client.ts';
import { BAD_VERSION, hasCode, NO_NODE, NODE_EXISTS, ZkError } from './errors.ts';

/** Others may create and delete what is at hand at the same time; whoever does so this often means it. */
const TRIES = 5;

/**
 * Creates a node and what is missing above it.
 * @param parents how missing parents are created: they stay, or, as containers, go a while after their last child
 * @throws ZkError NODE_EXISTS when the node itself is there
 */
export async function createWithParents(
  client: ZkClient,
  path: string,
  data: Uint8Array,
  options: CreateOptions = {},
  parents: Pick<CreateOptions, 'acl' | 'container'> = {},
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await client.create(path, data, options);
    } catch (error) {
      const parent = path.slice(0, path.lastIndexOf('/'));
      if (!hasCode(error, NO_NODE) || parent === '' || tries === TRIES) throw error;
      await createWithParents(client, parent, new Uint8Array(0), parents, parents).catch(unless(NODE_EXISTS));
    }
  }
}

/**
 * Sees to it that an ephemeral node is there and is this session's: what a request that was lost with its connection has created is kept, what
 * a former session left behind is replaced, for it would go with that session. To be called again after each new session.
 */
export async function claimEphemeral(client: ZkClient, path: string, data: Uint8Array): Promise<void> {
  for (let tries = 0; tries < TRIES; tries++) {
    try {
      return await createWithParents(client, path, data, { ephemeral: true });
    } catch (error) {
      if (!hasCode(error, NODE_EXISTS)) throw error;
    }
    if (await isOurs(client, path, data)) return;
  }
  throw new ZkError(NODE_EXISTS, path, 'another session creates it again and again');
}

/** Deletes an ephemeral node of this session. What another session has put in its place stays; what a former session of ours left goes with that. */
export async function releaseEphemeral(client: ZkClient, path: string): Promise<void> {
  try {
    const { stat } = await client.getNode(path, false);
    if (stat.ephemeralOwner === client.sessionId) await client.delete(path, stat.version);
  } catch (error) {
    unless(NO_NODE, BAD_VERSION)(error);
  }
}

async function isOurs(client: ZkClient, path: string, data: Uint8Array): Promise<boolean> {
  try {
    const { stat, data: found } = await client.getNode(path, false);
    if (stat.ephemeralOwner === client.sessionId) {
      if (!found.equals(data)) await client.setData(path, data);
      return true;
    }
    await client.delete(path);
  } catch (error) {
    unless(NO_NODE)(error);
  }
  return false;
}

/** What a request answers with when it failed so: nothing. Everything else is thrown on. */
export function unless(...codes: readonly number[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.some((code) => hasCode(error, code))) throw error;
    return undefined;
  };
}
