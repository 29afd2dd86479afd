import { dirname, resolve } from 'node:path';
import type { Position } from '../../errors/config-error.ts';
import type { ClientTls } from '../model.ts';
import { type FieldTable, type ObjectReader, refused } from './object-reader.ts';

/** Istio's ClientTLSSettings. */
export const TLS_FIELDS: FieldTable = {
  mode: 'read',
  clientCertificate: 'read',
  privateKey: 'read',
  caCertificates: 'read',
  subjectAltNames: 'read',
  sni: 'read',
  insecureSkipVerify: 'read',
  caCrl: refused('certificates that were revoked would be accepted'),
  credentialName: refused('there is no secret store: name the files by clientCertificate, privateKey and caCertificates'),
};

const MODES = ['DISABLE', 'SIMPLE', 'MUTUAL'] as const;
const MUTUAL_FIELDS = ['clientCertificate', 'privateKey'] as const;

/** `trafficPolicy.tls`; undefined when it says nothing, or nothing that can be used, which was reported. */
export function readClientTls(policy: ObjectReader): ClientTls | undefined {
  const tls = policy.object('tls', TLS_FIELDS);
  if (tls === undefined) return undefined;
  const mode = readMode(tls);
  if (mode === undefined) return undefined;
  const cert = fileOf(tls, 'clientCertificate');
  const key = fileOf(tls, 'privateKey');
  const ca = fileOf(tls, 'caCertificates');
  const position = (field: string): Position => tls.position(tls.has(field) ? field : undefined);
  const read: ClientTls = {
    mode,
    files: { ca, ...(mode === 'MUTUAL' ? { cert, key } : {}) },
    sni: tls.has('sni') ? tls.requiredText('sni') : undefined,
    subjectAltNames: tls.texts('subjectAltNames').map(({ text }) => text),
    insecureSkipVerify: tls.boolean('insecureSkipVerify'),
    positions: { cert: position('clientCertificate'), key: position('privateKey'), ca: position('caCertificates') },
  };
  checkMode(tls, read);
  return read;
}

function readMode(tls: ObjectReader): ClientTls['mode'] | undefined {
  if (!tls.has('mode')) {
    if (tls.keys().length > 0) tls.error(`${tls.name()} needs mode: SIMPLE or MUTUAL. Without it Istio connects without TLS`);
    return undefined;
  }
  if (tls.text('mode') === 'ISTIO_MUTUAL') {
    const reason = 'there are no certificates of an Istio agent: use MUTUAL, and name the files';
    tls.error(`${tls.name('mode')} "ISTIO_MUTUAL" is not implemented: ${reason}`, 'mode');
    return undefined;
  }
  return tls.word('mode', MODES);
}

/** As Istio validates it, and what would have no effect. */
function checkMode(tls: ObjectReader, { mode, insecureSkipVerify }: ClientTls): void {
  for (const field of MUTUAL_FIELDS) {
    if (mode === 'MUTUAL') tls.requiredText(field);
    else if (mode === 'SIMPLE' && tls.has(field)) tls.warn(`${tls.name(field)} has no effect with mode SIMPLE: MUTUAL shows it`, field);
  }
  if (mode === 'DISABLE') {
    for (const field of tls.keys()) {
      if (field !== 'mode' && TLS_FIELDS[field] === 'read') tls.warn(`${tls.name(field)} has no effect with mode DISABLE`, field);
    }
  } else if (insecureSkipVerify) {
    for (const field of ['caCertificates', 'subjectAltNames']) {
      if (tls.has(field)) tls.error(`${tls.name(field)} contradicts insecureSkipVerify: certificates are verified, or not`, field);
    }
    tls.warn(`${tls.name('insecureSkipVerify')}: whoever answers is believed to be the service`, 'insecureSkipVerify');
  }
}

/** Relative to the file that names it. */
function fileOf(tls: ObjectReader, field: string): string | undefined {
  const text = tls.has(field) ? tls.text(field) : undefined;
  return text === undefined || text === '' ? undefined : resolve(dirname(tls.position(field).file), text);
}
