import bolt from 'sofa-bolt-node';
import sofa from 'sofa-rpc-node';
import { logger, serve } from './lines.mjs';
import { notes } from './notes.mjs';

// An unmodified sofa-rpc-node client driven by a test. Commands: `refer` and `close` (by `on`), `call`, `load`.

const references = new Map();

serve({}, async (command) => {
  switch (command.op) {
    case 'refer':
      references.set(command.on, await refer(command));
      return true;
    case 'close':
      await reference(command.on).client.close();
      references.delete(command.on);
      return true;
    case 'call':
      return call(command);
    case 'load':
      return load(command);
    default:
      throw new Error(`unknown command ${command.op}`);
  }
});

async function refer({
  service,
  url,
  version = '1.0',
  uniqueId,
  serialization = 'hessian2',
  bolt: boltVersion = '1',
  crc = true,
  timeout = 10_000,
}) {
  const client = new sofa.client.RpcClient({
    logger,
    protocol: protocol(boltVersion, crc),
    connectionOpts: { proto: notes },
  });
  // A connection that breaks is reported here too, beside the calls that fail for it.
  client.on('error', (error) => console.error(error));
  const consumer = client.createConsumer({
    interfaceName: `io.polywire.peers.${service}`,
    version: uniqueId === undefined ? version : `${version}:${uniqueId}`,
    targetAppName: 'peer-provider',
    serverHost: `${url}?serialization=${serialization}`,
    responseTimeout: timeout,
  });
  await consumer.ready();
  return { client, consumer };
}

/** sofa-bolt-node with the version that its encoder writes; its decoder reads all. */
function protocol(version, crc) {
  if (version === '1') return bolt;
  return {
    ...bolt,
    encoder(options) {
      const encoder = bolt.encoder(options);
      encoder.protocolType = 'bolt2';
      encoder.boltVersion = Number(version.slice(2));
      // Unlike sofa-bolt it would add a checksum in version 2.1 too.
      encoder.crcEnable = crc && version === '2.2';
      return encoder;
    },
  };
}

function reference(on) {
  const found = references.get(on);
  if (found === undefined) throw new Error(`nothing referred to as ${on}`);
  return found;
}

async function call({ on, method, args = [], attachments, timeout }) {
  return reference(on).consumer.invoke(method, args, {
    ...(attachments === undefined ? {} : { requestProps: attachments }),
    ...(timeout === undefined ? {} : { responseTimeout: timeout }),
  });
}

/** As the Java consumers' load; `threads` are calls at a time. */
async function load({ on, calls = 100, threads = 4, slow = 0, attachments }) {
  const report = { calls: 0, lost: 0, mixed: 0, byProvider: {}, failures: {}, samples: [], milliseconds: 0 };
  const start = Date.now();
  const work = async () => {
    while (report.calls < calls) {
      const token = `load-${report.calls++}`;
      try {
        const answer = await call({ on, method: 'slow', args: [slow, token], attachments });
        if (answer.token !== token) report.mixed++;
        report.byProvider[answer.provider] = (report.byProvider[answer.provider] ?? 0) + 1;
      } catch (error) {
        const kind = `${error.name}/${error.resultCode}`;
        report.failures[kind] = (report.failures[kind] ?? 0) + 1;
        if (report.samples.length < 5) report.samples.push(error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  return { ...report, milliseconds: Date.now() - start };
}
