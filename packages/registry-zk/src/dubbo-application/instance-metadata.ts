import type { CallOptions, RegistryContext } from '@polywire/core/spi';
import { encodeString, HessianDecoder } from '@polywire/hessian';
import { portOf } from '../discovery-instance.ts';
import type { JsonObject } from '../json.ts';
import { readExportedUrls } from './exported-urls.ts';
import type { ApplicationInstance } from './instance.ts';
import { type MetadataAnswer, type MetadataSource, servicesOf } from './metadata.ts';
import { readMetadataV2 } from './metadata-v2.ts';
import { plainObject } from './plain-object.ts';
import { readMessage, writeField } from './protobuf.ts';

/** Dubbo's own service, which a provider with `metadata-type=local` exports in the group that is its application's name. */
const SERVICE = 'org.apache.dubbo.metadata.MetadataService';
const V1 = '1.0.0';
const V2 = '2.0.0';

type Call = NonNullable<RegistryContext['call']>;
type Address = Omit<CallOptions, 'protocol'>;

/** Whose metadata are wanted. */
interface Question {
  readonly application: string;
  readonly revision: string;
  readonly instance: ApplicationInstance;
}

/** The instances themselves, which know what they serve. Their MetadataService is called as Dubbo's consumers call it. */
export class InstanceMetadata implements MetadataSource {
  readonly #call: Call;
  readonly #timeoutMs: number;

  /** @param timeoutMs for one answer of one instance, its connection included */
  constructor(call: Call, timeoutMs: number) {
    this.#call = call;
    this.#timeoutMs = timeoutMs;
  }

  async get(application: string, revision: string, instance: ApplicationInstance): Promise<MetadataAnswer> {
    if (instance.isMetadataRemote) return { kind: 'absent', reason: 'it keeps them in a metadata report and answers no questions' };
    const { protocol, port } = placeOf(instance);
    if (port === 0) return { kind: 'absent', reason: 'it does not say where its MetadataService is' };
    const host = instance.address;
    const ask = QUESTIONS.get(protocol);
    if (ask === undefined) return { kind: 'absent', reason: `its MetadataService speaks ${protocol}, which Polywire does not` };
    try {
      const metadata = await ask(this.#call, { application, revision, instance }, { host, port, timeoutMs: this.#timeoutMs });
      return { kind: 'known', services: checked(metadata, revision) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      return { kind: 'silent', reason: `its MetadataService does not tell them over ${protocol}: ${reason}` };
    }
  }
}

/**
 * Dubbo 3.3 may register before its MetadataService over Triple is there, and then never says where it is: where its services are, unless it
 * was configured otherwise.
 */
function placeOf({ metadataService, metadataVersion, endpoints }: ApplicationInstance): { protocol: string; port: number } {
  const port = portOf(metadataService.get('port'));
  if (port > 0) return { protocol: metadataService.get('protocol') ?? '', port };
  const usual = metadataVersion === V2 ? ['tri', 'dubbo'] : ['dubbo', 'tri'];
  const protocol = usual.find((each) => endpoints.has(each)) ?? 'dubbo';
  return { protocol, port: endpoints.get(protocol) ?? endpoints.get('') ?? 0 };
}

/** By protocol of the MetadataService, with what answers in the shape of Dubbo's MetadataInfo. */
const QUESTIONS: ReadonlyMap<string, (call: Call, question: Question, to: Address) => Promise<JsonObject | undefined>> = new Map([
  ['dubbo', overDubbo],
  ['tri', overTriple],
]);

async function overDubbo(call: Call, { application, revision, instance }: Question, to: Address): Promise<JsonObject | undefined> {
  const asked = { service: SERVICE, group: application, version: instance.metadataService.get('version') ?? V1 };
  const options = { ...to, protocol: 'dubbo' };
  if (instance.tellsUrls) return readExportedUrls(await call({ ...asked, method: 'getExportedURLs', arguments: [] }, options));
  return plainObject(await call({ ...asked, method: 'getMetadataInfo', arguments: [revision] }, options));
}

async function overTriple(call: Call, question: Question, to: Address): Promise<JsonObject | undefined> {
  const { application, revision, instance } = question;
  if (instance.metadataVersion !== V2) return wrapped(call, question, to);
  // The method as metadata_service_v2.proto has it: the one name that Dubbo registers (DubboMetadataServiceV2Triple).
  const request = { service: `${SERVICE}V2`, group: application, version: V2, method: 'GetMetadataInfo' };
  const answer = await call({ ...request, arguments: writeField(1, revision) }, { ...to, protocol: 'http2' });
  return Buffer.isBuffer(answer) ? readMetadataV2(answer) : undefined;
}

/** Of services without a schema, Triple has the serialization's name, arguments and types in a message (TripleRequestWrapper). */
async function wrapped(call: Call, { application, revision, instance }: Question, to: Address): Promise<JsonObject | undefined> {
  const version = instance.metadataService.get('version') ?? V1;
  const message = [writeField(1, 'hessian4'), writeField(2, encodeString(revision)), writeField(3, 'java.lang.String')];
  const request = { service: SERVICE, group: application, version, method: 'getMetadataInfo', arguments: Buffer.concat(message) };
  const answer = await call(request, { ...to, protocol: 'http2' });
  const data = Buffer.isBuffer(answer) ? readMessage(answer)?.find(({ number }) => number === 2)?.value : undefined;
  if (!Buffer.isBuffer(data)) return undefined;
  const decoder = new HessianDecoder();
  decoder.begin(data, 0, data.length, data.length);
  return plainObject(decoder.read());
}

/** @throws Error saying what is wrong with it */
function checked(metadata: JsonObject | undefined, revision: string): ReturnType<typeof servicesOf> & object {
  // null: the instance has another revision by now.
  if (metadata === undefined) throw new Error(`it knows nothing of revision ${revision}`);
  const services = servicesOf(metadata);
  if (services === undefined) throw new Error("its answer is not Dubbo's MetadataInfo");
  const told = metadata['revision'];
  if (typeof told === 'string' && told !== revision) throw new Error(`it tells of revision ${told}, and not of ${revision}`);
  return services;
}
