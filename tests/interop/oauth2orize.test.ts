import { describe } from 'vitest';
import { startOauth2orize } from './oauth2orize.js';
import { testServerRequirements } from './server-requirements.js';

describe('at oauth2orize', () => testServerRequirements(startOauth2orize));
