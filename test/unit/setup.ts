import { jest } from '@jest/globals';

// No test waits that long: on a machine that is busy with others, what computes for a second may take many. jest takes
// this setting from no project's configuration.
jest.setTimeout(60_000);
