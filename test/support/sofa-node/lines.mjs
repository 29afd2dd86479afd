import { createInterface } from 'node:readline';

// The line protocol with the test, as the Java peers speak it: see io.polywire.peers.Commands.

/** For libraries: standard output belongs to the line protocol. */
export const logger = { debug() {}, info() {}, warn: console.error, error: console.error };

/** Serves until the input ends, which is also how a peer learns that its test died; then leaves at once. */
export function serve(ready, handle) {
  print(`READY ${JSON.stringify(ready)}`);
  createInterface({ input: process.stdin })
    .on('line', async (line) => {
      const command = JSON.parse(line);
      const reply = await handle(command).then(
        (ok) => ({ ok: ok ?? null }),
        (error) => ({ error: describe(error) }),
      );
      print(JSON.stringify({ id: command.id, ...reply }, readable));
    })
    .on('close', () => process.exit(0));
}

/** `code` is sofa-rpc-node's result code: `01` the service, `02` the framework, `03` a timeout, `04` the route. */
function describe(error) {
  return { class: error.name, message: error.message, code: error.resultCode, causes: [] };
}

/** Protobuf's maps are Maps here. */
function readable(_key, value) {
  return value instanceof Map ? Object.fromEntries(value) : value;
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
