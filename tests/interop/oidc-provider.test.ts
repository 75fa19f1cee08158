import { describe } from 'vitest';
import { lawsOfServers } from './laws-of-servers.js';
import { startOidcProvider } from './provider.js';

describe('at oidc-provider', () => lawsOfServers(startOidcProvider));
