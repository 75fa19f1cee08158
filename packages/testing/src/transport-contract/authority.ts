import { type Certificate, type CertificateOptions, certificateAuthority, serverCertificate } from '../certificate.js';

let made: Promise<Certificate> | undefined;
let good: Promise<Certificate> | undefined;

/** Who vouches for the servers that can be trusted: one for all clauses, so that a runtime has to learn of one alone. */
export function authority(): Promise<Certificate> {
  made ??= certificateAuthority();
  return made;
}

/** The certificate of the servers that can be trusted. */
export function goodCertificate(): Promise<Certificate> {
  good ??= vouchedFor();
  return good;
}

/** A certificate that would be trusted if there were nothing else wrong with it. */
export async function vouchedFor(options: Omit<CertificateOptions, 'authority'> = {}): Promise<Certificate> {
  return serverCertificate({ ...options, authority: await authority() });
}
