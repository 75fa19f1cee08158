import {
  type Certificate,
  type CertificateOptions,
  certificateAuthority,
  serverCertificate,
} from '@frameio-auth/testing';

let made: Promise<Certificate> | undefined;
let good: Promise<Certificate> | undefined;

/** Resolves to the authority of all trusted servers: one for all clauses, so that a runtime must trust only one. */
export function authority(): Promise<Certificate> {
  made ??= certificateAuthority();
  return made;
}

/** Resolves to the certificate of the trusted servers. */
export function goodCertificate(): Promise<Certificate> {
  good ??= vouchedFor();
  return good;
}

/** Resolves to a certificate that would be trusted if nothing else were wrong with it. */
export async function vouchedFor(options: Omit<CertificateOptions, 'authority'> = {}): Promise<Certificate> {
  return serverCertificate({ ...options, authority: await authority() });
}
