// Stands for the output of the Protocol Buffers compiler, so that nothing needs to be compiled: messages are plain text.
const text = { serialize: (value) => Buffer.from(value), deserialize: (bytes) => bytes.toString() };

function method(name, responseStream) {
  return {
    path: `/acme.Greeter/${name}`,
    requestStream: false,
    responseStream,
    requestSerialize: text.serialize,
    requestDeserialize: text.deserialize,
    responseSerialize: text.serialize,
    responseDeserialize: text.deserialize,
  };
}

/** One answer, or a stream of them. */
export const Greeter = { greet: method('Greet', false), countdown: method('Countdown', true) };
