// What the Thrift compiler makes of `service Users { string find(1: string name) }`, in short.
import thrift from 'thrift';

const { Type, MessageType } = thrift.Thrift;

/** Writes a message whose struct holds one string. */
function write(output, method, type, seqid, id, text) {
  output.writeMessageBegin(method, type, seqid);
  output.writeStructBegin('');
  output.writeFieldBegin('', Type.STRING, id);
  output.writeString(text);
  output.writeFieldEnd();
  output.writeFieldStop();
  output.writeStructEnd();
  output.writeMessageEnd();
  output.flush();
}

/** Reads a struct that holds one string. */
function read(input) {
  let text = '';
  input.readStructBegin();
  for (;;) {
    const { ftype } = input.readFieldBegin();
    if (ftype === Type.STOP) break;
    if (ftype === Type.STRING) text = input.readString();
    else input.skip(ftype);
    input.readFieldEnd();
  }
  input.readStructEnd();
  input.readMessageEnd();
  return text;
}

export class UsersProcessor {
  constructor(handler) {
    this.handler = handler;
  }

  process(input, output) {
    const { fname, rseqid } = input.readMessageBegin();
    write(output, fname, MessageType.REPLY, rseqid, 0, this.handler.find(read(input)));
  }
}

export class UsersClient {
  constructor(output, Protocol) {
    this.output = output;
    this.Protocol = Protocol;
    this._seqid = 0;
    this._reqs = {};
  }

  find(name) {
    return new Promise((resolve, reject) => {
      this._reqs[++this._seqid] = (error, text) => (error ? reject(error) : resolve(text));
      write(new this.Protocol(this.output), 'find', MessageType.CALL, this._seqid, 1, name);
    });
  }

  recv_find(input, type, seqid) {
    const answered = this._reqs[seqid];
    delete this._reqs[seqid];
    if (type !== MessageType.EXCEPTION) return answered(null, read(input));
    const exception = new thrift.Thrift.TApplicationException();
    exception.read(input);
    input.readMessageEnd();
    answered(exception);
  }
}
