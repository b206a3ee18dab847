/** The registry: the only file that names all providers, in the order of the panel. One line each, as the build reads it. */
import { crazyrouter } from './crazyrouter';
import { fal } from './fal';
import { lumaAgents } from './lumaAgents';
import { lumaDreamMachine } from './lumaDreamMachine';
import { pixazo } from './pixazo';
import { pixwith } from './pixwith';
import { replicate } from './replicate';

export const registry = {
	lumaAgents,
	lumaDreamMachine,
	pixazo,
	pixwith,
	crazyrouter,
	fal,
	replicate,
};
