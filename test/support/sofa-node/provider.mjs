import { setTimeout as wait } from 'node:timers/promises';
import sofa from 'sofa-rpc-node';
import { logger, serve } from './lines.mjs';
import { notes } from './notes.mjs';

// An unmodified sofa-rpc-node server. Its one argument is a JSON object with `exports`, as the Java provider's. Commands:
// `served` (calls that arrived, by name) and `stop`.

/** Gives the services the request that they answer, as web frameworks on top of sofa-rpc-node do. */
class Server extends sofa.server.RpcServer {
  createContext(request) {
    return { request };
  }
}

const settings = JSON.parse(process.argv[2]);
const served = {};
const servers = await Promise.all(settings.exports.map(start));

serve({}, async ({ op }) => {
  if (op === 'served') return served;
  if (op !== 'stop') throw new Error(`unknown command ${op}`);
  await Promise.all(servers.map((server) => server.close()));
  setImmediate(() => process.exit(0));
});

async function start({ name, port, version = '1.0', uniqueId }) {
  const server = new Server({ appName: 'peer-provider', logger, port, version, proto: notes });
  server.on('error', (error) => console.error(error));
  served[name] = 0;
  const id = { version, ...(uniqueId === undefined ? {} : { uniqueId }) };
  server.addService({ ...id, interfaceName: 'io.polywire.peers.CallService' }, callService(name));
  server.addService({ ...id, interfaceName: 'io.polywire.peers.NoteService' }, noteService(name));
  await server.start();
  return server;
}

function callService(name) {
  const told = [];
  const answer = (context, token) => {
    served[name]++;
    return java('io.polywire.peers.Answer', {
      provider: java('java.lang.String', name),
      token: java('java.lang.String', token),
      attachments: java('java.util.HashMap', seen(context)),
    });
  };
  return {
    async who(token) {
      return answer(this, token);
    },
    async slow(milliseconds, token) {
      const result = answer(this, token);
      await wait(milliseconds);
      return result;
    },
    async failUnchecked(message) {
      throw new Error(message);
    },
    async tell(token) {
      told.push(token);
    },
    async notified() {
      return told;
    },
    async big(characters) {
      return 'x'.repeat(characters);
    },
  };
}

function noteService(name) {
  return {
    async pass(note) {
      served[name]++;
      if (note.slow > 0) await wait(note.slow);
      if (note.fail !== '') throw new Error(note.fail);
      return { ...note, provider: name, attachments: new Map(Object.entries(seen(this))) };
    },
  };
}

/** The texts among the request's properties: the body's with Hessian, the header's with protobuf. */
function seen({ request }) {
  return Object.fromEntries(Object.entries(request.data.requestProps ?? {}).filter(([, value]) => typeof value === 'string'));
}

function java(type, value) {
  return { $class: type, $: value };
}
