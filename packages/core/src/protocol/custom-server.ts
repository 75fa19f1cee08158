import { ConfigurationError } from '../kernel/errors.js';
import { checkProfile, type ServerProfile } from './server-profile.js';
import { checkAddress } from './web-address.js';

/** The required and the optional facts about a server: see {@link ServerProfile} for each. */
export interface CustomServerOptions
  extends Pick<ServerProfile, 'issuer' | 'tokenEndpoint' | 'clientAuthentication'>,
    Partial<Omit<ServerProfile, 'issuer' | 'tokenEndpoint' | 'clientAuthentication' | 'pkce' | 'defaultScopes'>> {
  /** The scopes to request when the application names none. Default: none. */
  readonly defaultScopes?: Partial<ServerProfile['defaultScopes']>;
}

/**
 * Returns the profile of a server that conforms to RFC 6749, 7009 and 7636. Their rules are the defaults of omitted
 * options.
 *
 * @throws ConfigurationError that names the option and what to do
 */
export function customServer(options: CustomServerOptions): ServerProfile {
  if (typeof options !== 'object' || options === null) {
    throw new ConfigurationError(
      'invalid_option',
      'customServer() needs the facts about the server: customServer({ issuer, tokenEndpoint, clientAuthentication, … }).',
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
