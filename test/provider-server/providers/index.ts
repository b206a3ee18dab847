/** The registry of stand-ins: one line for each provider. */
import type { ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import type { StandIn } from '../standIn';
import { crazyrouter } from './crazyrouter';
import { fal } from './fal';
import { lumaAgents } from './lumaAgents';
import { lumaDreamMachine } from './lumaDreamMachine';
import { pixazo } from './pixazo';
import { pixwith } from './pixwith';
import { replicate } from './replicate';

export const standIns = {
	lumaDreamMachine,
	lumaAgents,
	pixazo,
	pixwith,
	crazyrouter,
	fal,
	replicate,
} satisfies Record<ProviderId, StandIn>;
