import { jest } from '@jest/globals';

// A workflow may have to wait for a busy machine. jest takes this setting from no project's configuration.
jest.setTimeout(240_000);
