import type { Provider, World } from '../provider';
import type { ProviderName } from '../settings';
import { createCrazyrouter } from './crazyrouter';
import { createLumaAgents } from './lumaAgents';
import { createLumaDreamMachine } from './lumaDreamMachine';
import { createPixazo } from './pixazo';
import { createPixwith } from './pixwith';

export function createProviders(world: World): Record<ProviderName, Provider> {
	return {
		lumaDreamMachine: createLumaDreamMachine(world),
		lumaAgents: createLumaAgents(world),
		pixazo: createPixazo(world),
		pixwith: createPixwith(world),
		crazyrouter: createCrazyrouter(world),
	};
}
