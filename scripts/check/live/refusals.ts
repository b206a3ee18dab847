/**
 * For each provider the request that it must refuse, and why that is certain and free: it does not say what to run, or on
 * what, so there is nothing that could be run.
 */
import type { ProviderCall, ProviderId } from '../../../nodes/LumaVideo/providers/provider';

export interface RefusedRequest {
	/** The call, made from the one that would buy the cheapest video. */
	spoil(call: ProviderCall): ProviderCall;
	/** Ends "It is refused, free of charge, since …". */
	since: string;
}

const NO_MODEL = 'check-live-no-such-model';

/** For services that are told the model in the body: no model, and nothing to make a video of. */
const inBody = (field: string): RefusedRequest => ({
	spoil: (call) => ({ ...call, body: { [field]: NO_MODEL } }),
	since: `\`${field}\` names no model, and all the other fields are missing, the prompt too`,
});

/** For services whose models are addresses. */
const inPath = (model: string, noModel: string, since: string): RefusedRequest => ({
	spoil: (call) => ({ ...call, path: call.path.replace(model, noModel), body: {} }),
	since,
});

export const refusedRequests: Readonly<Record<ProviderId, RefusedRequest>> = {
	lumaAgents: inBody('model'),
	lumaDreamMachine: inBody('model'),
	pixwith: inBody('model_id'),
	crazyrouter: {
		spoil: (call) => ({ ...call, path: `${call.path}/check-live-no-such-generation/extend`, body: {} }),
		since: 'it asks for the extension of a generation that does not exist ("task_not_exist"), and the body is empty',
	},
	pixazo: inPath('luma-agent-ray-v3-2-text-to-video', NO_MODEL, 'the address names no model ("Model not found"), and the body is empty'),
	// A wrong field might end the request instead, and be charged then: the app itself must not exist.
	fal: inPath('/luma/agent/', `/luma/${NO_MODEL}/`, 'the address names no app, so there is no queue to put it into, and the body is empty'),
	replicate: inPath('luma/ray-3.2', `luma/${NO_MODEL}`, 'the address names no model, and the body has no `input`'),
};
