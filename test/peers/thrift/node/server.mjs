// Serves on one or more loopback ports. Argument: {"exports": [{"name", "transport", "protocol", ...}]}.
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import thrift from 'thrift';
import { serve } from './lines.mjs';
import { generated, options } from './wire.mjs';

const Calls = generated('Calls');
const Others = generated('Others');
const { AccountException, Answer } = generated('call_types');

class Handler {
  served = 0;
  /** Transport of the call that is being handled; only until the handler waits for something. */
  transport;
  #name;
  #noted = [];

  constructor(name) {
    this.#name = name;
  }

  nothing() {}

  echoString(text) {
    return text;
  }

  echoBinary(bytes) {
    return bytes;
  }

  echoEverything(value) {
    return value;
  }

  echoList(items) {
    return items;
  }

  echoMap(items) {
    return items;
  }

  who(token) {
    return this.#answer(token);
  }

  async slow(milliseconds, token) {
    const answer = this.#answer(token);
    await wait(milliseconds);
    return answer;
  }

  // The generated code looks at how many arguments a handler names.
  pick(_flag, _tiny, _small, _number, _big, _real, text, _color) {
    return this.#answer(text);
  }

  async fail(account) {
    throw new AccountException({ account, code: 42 });
  }

  async crash(reason) {
    throw new Error(reason);
  }

  note(text) {
    this.#noted.push(text);
  }

  noted() {
    return this.#noted;
  }

  #answer(token) {
    const headers = { ...this.transport.getReadHeaders?.() };
    this.transport.setWriteHeader?.('provider', this.#name);
    return new Answer({ provider: this.#name, token, headers });
  }
}

/** Handlers are not told which message they serve: this keeps its transport. */
function observed(processor, handler) {
  return {
    process(input, output) {
      handler.transport = input.trans;
      // Throws when no whole message is there.
      processor.process(input, output);
      handler.served++;
    },
  };
}

function processor(handler, multiplexed) {
  const calls = new Calls.Processor(handler);
  if (!multiplexed) return calls;
  const all = new thrift.MultiplexedProcessor();
  all.registerProcessor('Calls', calls);
  all.registerProcessor('Others', new Others.Processor(handler));
  return all;
}

const servers = new Map();
for (const wire of JSON.parse(process.argv[2]).exports) {
  const handler = new Handler(wire.name);
  const server = thrift.createMultiplexServer(observed(processor(handler, wire.multiplexed), handler), options(wire));
  server.on('error', (error) => console.error(error));
  server.listen(wire.port ?? 0, '127.0.0.1');
  await once(server, 'listening');
  servers.set(wire.name, { handler, port: server.address().port });
}

const each = (pick) => Object.fromEntries([...servers].map(([name, server]) => [name, pick(server)]));

serve({ ports: each(({ port }) => port) }, ({ op }) => {
  if (op === 'served') return each(({ handler }) => handler.served);
  throw new Error(`no such command: ${op}`);
});
