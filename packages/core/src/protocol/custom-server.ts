import { ConfigurationError } from '../kernel/errors.js';
import { checkProfile, type ServerProfile } from './server-profile.js';
import { checkAddress } from './web-address.js';

/** What must be known of a server, and what may be: see {@link ServerProfile} for each. */
export interface CustomServerOptions
  extends Pick<ServerProfile, 'issuer' | 'tokenEndpoint' | 'clientAuthentication'>,
    Partial<Omit<ServerProfile, 'issuer' | 'tokenEndpoint' | 'clientAuthentication' | 'pkce' | 'defaultScopes'>> {
  /** The scopes that are asked for when the application names none; none unless said otherwise. */
  readonly defaultScopes?: Partial<ServerProfile['defaultScopes']>;
}

/**
 * A server that keeps to RFC 6749, 7009 and 7636; what is left out is as they have it.
 *
 * @throws ConfigurationError that names the option and what to do
 */
export function customServer(options: CustomServerOptions): ServerProfile {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(
      'invalid_option',
      'customServer() needs what is known of the server: customServer({ issuer, tokenEndpoint, clientAuthentication, … }).',
    );
  }
  const { clientAuthentication, defaultScopes } = options;
  const clientCredentialsAuthentication =
    options.clientCredentialsAuthentication ?? (clientAuthentication === 'none' ? undefined : clientAuthentication);

  return checkProfile({
    ...options,
    name: options.name ?? checkAddress('server.issuer', options.issuer).host,
    ...(clientCredentialsAuthentication && { clientCredentialsAuthentication }),
    pkce: 'S256',
    scopeSeparator: options.scopeSeparator ?? ' ',
    defaultScopes: { clientCredentials: defaultScopes?.clientCredentials ?? [], user: defaultScopes?.user ?? [] },
    plainHttpRedirects: options.plainHttpRedirects ?? true,
    callbackCarriesIssuer: options.callbackCarriesIssuer ?? false,
    codeRequestCarriesStateAndScope: options.codeRequestCarriesStateAndScope ?? false,
    refreshCarriesScope: options.refreshCarriesScope ?? false,
    revocationClientId: options.revocationClientId ?? 'body',
    revocationTokenTypeHint: options.revocationTokenTypeHint ?? true,
    wrongSecret: options.wrongSecret ?? [{ error: 'invalid_client' }],
    errorKinds: options.errorKinds ?? {},
  });
}
