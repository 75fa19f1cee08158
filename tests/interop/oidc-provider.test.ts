import { describe } from 'vitest';
import { startOidcProvider } from './provider.js';
import { testServerRequirements } from './server-requirements.js';

describe('at oidc-provider', () => testServerRequirements(startOidcProvider));
