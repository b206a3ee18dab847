/**
 * Which guesses can be observed, and how: one line for each. A guess without a line here is not reached, whatever a run
 * sees.
 */
import { firstText, isSuccess, jsonOf, valueAt } from '../../../nodes/LumaVideo/providers/answers';
import { STATUS_WORDS } from '../../../nodes/LumaVideo/providers/crazyrouter';
import type { ProviderId } from '../../../nodes/LumaVideo/providers/provider';
import type { Observations, StepName, StepResult, Traffic } from './observations';

export type Verdict = { verdict: 'confirmed' | 'refuted'; evidence: string } | { verdict: 'not reached'; evidence: null };

/** What a run must be allowed to: nothing, `--buy`, or `--buy` with `--callback` and `--listen`. */
export type Need = 'free' | 'buy' | 'listen';

export interface Probe {
	/** The guess's id. */
	guess: string;
	need: Need;
	judge(seen: Observations): Verdict;
}

const NOT_REACHED: Verdict = { verdict: 'not reached', evidence: null };

/** @param holds `null`: what was seen says nothing */
function verdict(holds: boolean | null, evidence: string): Verdict {
	return holds === null ? NOT_REACHED : { verdict: holds ? 'confirmed' : 'refuted', evidence };
}

// ---------------------------------------------------------------------------------------------------------------
// What was seen

function trafficOf({ traffic }: Observations, step: StepName): Traffic[] {
	return traffic.filter((each) => each.step === step);
}

/** An answer of a service that is busy or down shows nothing of how it behaves. */
const isTelling = (status: number): boolean => status !== 408 && status !== 429 && status < 500;

/** HTTP status of the step's first answer; `null` if none came that tells anything. */
function statusOf(seen: Observations, step: StepName): number | null {
	const status = trafficOf(seen, step)[0]?.answer?.statusCode;
	return status !== undefined && isTelling(status) ? status : null;
}

function jsonAt(seen: Observations, step: StepName, ...path: string[]): unknown {
	const answer = trafficOf(seen, step)[0]?.answer;
	return answer ? valueAt(jsonOf(answer), ...path) : undefined;
}

function resultOf({ results }: Observations, step: StepName): StepResult | undefined {
	return results.find((each) => each.step === step);
}

// ---------------------------------------------------------------------------------------------------------------
// Kinds of probes

/** The same question with a right and a wrong key is answered with these statuses. */
const tellsKeysApart = (guess: string, isUnknown: (status: number) => boolean): Probe => ({
	guess,
	need: 'free',
	judge(seen) {
		const [right, wrong] = [statusOf(seen, 'unknown'), statusOf(seen, 'wrongKey')];
		if (right === null || wrong === null) return NOT_REACHED;
		return verdict(isUnknown(right) && (wrong === 401 || wrong === 403), `HTTP ${right} with the key, HTTP ${wrong} with a made-up one`);
	},
});

/** Every word for a state that came is known. */
const knowsStates = (words: Iterable<string>, ...path: string[]): Probe => ({
	guess: 'states',
	need: 'buy',
	judge(seen) {
		const known = new Set([...words].map((word) => word.toLowerCase()));
		const said = trafficOf(seen, 'buy').map(({ answer }) => (answer && isSuccess(answer) ? firstText(valueAt(jsonOf(answer), ...path)) : null));
		const different = [...new Set(said.filter((word) => word !== null))];
		if (different.length === 0) return NOT_REACHED;
		return verdict(different.every((word) => known.has(word.toLowerCase())), different.join(', '));
	},
});

/** It takes at most twice as long as the schedule begins with. */
const USUAL_TIME: Probe = {
	guess: 'usual-time',
	need: 'buy',
	judge({ bought, provider }) {
		const model = provider.capabilities.models.find(({ value }) => value === bought?.request.model);
		const seconds = bought?.seconds ?? null;
		return seconds === null || !model ? NOT_REACHED : verdict(seconds <= 2 * model.usualSeconds, `${Math.round(seconds)} seconds`);
	},
};

/** The request is accepted; a refusal counts against the guess if it is about this. */
const isAccepted = (guess: string, isAbout: (status: number, text: string) => boolean): Probe => ({
	guess,
	need: 'buy',
	judge(seen) {
		const answer = trafficOf(seen, 'buy')[0]?.answer;
		if (!seen.bought || !answer) return NOT_REACHED;
		if (seen.bought.generationId !== null) return verdict(true, `accepted with HTTP ${answer.statusCode}`);
		return verdict(isAbout(answer.statusCode, answer.text) ? false : null, `refused with HTTP ${answer.statusCode}`);
	},
});

/** The service calls about the video. */
const calls = (guess: string, isMeant: (seen: Observations) => boolean = () => true): Probe => ({
	guess,
	need: 'listen',
	judge(seen) {
		const result = resultOf(seen, 'callback');
		if (!result || result.outcome === 'skipped' || !seen.calls || !isMeant(seen)) return NOT_REACHED;
		const own = seen.calls.filter(({ generationId }) => generationId === seen.bought?.generationId);
		return verdict(own.length > 0, own.length > 0 ? `called ${own.length} times` : 'no call within a minute');
	},
});

/** All requests of a step are answered as expected. */
const goesWell = (guess: string, need: Need, step: StepName): Probe => ({
	guess,
	need,
	judge(seen) {
		const { outcome, said } = resultOf(seen, step) ?? { outcome: 'skipped', said: '' };
		const isAnswered = trafficOf(seen, step).every(({ answer }) => answer && isTelling(answer.statusCode));
		return outcome === 'skipped' || !isAnswered ? NOT_REACHED : verdict(outcome === 'ok', said);
	},
});

// ---------------------------------------------------------------------------------------------------------------
// The table

export const generalProbes: readonly Probe[] = [
	{
		guess: 'refusals-are-free',
		need: 'free',
		judge({ balances: { balance, balanceAfterFree } }) {
			if (balance === undefined || balanceAfterFree === undefined) return NOT_REACHED;
			return verdict(balance === balanceAfterFree, `the balance was ${balance} before and is ${balanceAfterFree} after a refused request`);
		},
	},
];

export const probes: Readonly<Record<ProviderId, readonly Probe[]>> = {
	lumaAgents: [
		tellsKeysApart('unknown-generation', (status) => status === 404),
		goesWell('files', 'free', 'upload'),
		knowsStates(['queued', 'processing', 'completed', 'failed'], 'state'),
		USUAL_TIME,
	],
	lumaDreamMachine: [
		{
			guess: 'create-path',
			need: 'free',
			judge(seen) {
				const status = statusOf(seen, 'refused');
				const isThere = status === 400 || status === 422;
				return verdict(isThere || status === 404 || status === 405 ? isThere : null, `HTTP ${String(status)} to a request without a model`);
			},
		},
		{
			guess: 'list-page',
			need: 'free',
			judge(seen) {
				const limit = jsonAt(seen, 'list', 'limit');
				return verdict(typeof limit === 'number' ? limit === 100 : null, `asked for 100, the service says ${String(limit)}`);
			},
		},
		calls('callbacks'),
		{
			guess: 'prices',
			need: 'buy',
			judge({ balances: { balanceAfterFree: before, balanceAfter: after }, bought }) {
				const usd = bought?.estimateUsd ?? null;
				if (before === undefined || after === undefined || usd === null) return NOT_REACHED;
				return verdict(Math.abs(before - after - usd) < 0.01, `estimated ${usd.toFixed(2)} USD, charged ${(before - after).toFixed(2)} USD`);
			},
		},
	],
	pixazo: [
		tellsKeysApart('unknown-generation', (status) => status >= 400 && status < 500 && ![401, 403, 429].includes(status)),
		{
			guess: 'gateway-bodies',
			need: 'free',
			judge(seen) {
				const status = statusOf(seen, 'wrongKey');
				if (status === null) return NOT_REACHED;
				const isKnown = ['error', 'statusCode'].some((name) => firstText(jsonAt(seen, 'wrongKey', name) as string) !== null);
				return verdict(isKnown && typeof jsonAt(seen, 'wrongKey', 'message') === 'string', `HTTP ${status} with ${isKnown ? 'a known body' : 'another body'}`);
			},
		},
		isAccepted('ray-3.2-path', (status) => status === 404 || status === 405),
		USUAL_TIME,
	],
	pixwith: [
		{
			guess: 'refusals',
			need: 'free',
			judge(seen) {
				const steps = ['refused', 'wrongKey'] as const;
				const codes = steps.map((step) => jsonAt(seen, step, 'code'));
				if (steps.some((step) => statusOf(seen, step) === null)) return NOT_REACHED;
				return verdict(codes.every((code) => /^\d+$/.test(String(code)) && Number(code) !== 1), `\`code\` is ${codes.map(String).join(' and ')}`);
			},
		},
		isAccepted('model-id', (_, text) => /model/i.test(text)),
	],
	crazyrouter: [
		{
			guess: 'host',
			need: 'free',
			judge(seen) {
				const status = statusOf(seen, 'credential');
				const saysNothing = status === null || status === 401 || status === 403;
				return verdict(saysNothing ? null : resultOf(seen, 'credential')?.outcome === 'ok', `HTTP ${String(status)} from ${new URL(seen.baseUrl).host}`);
			},
		},
		isAccepted('duration', (_, text) => /duration/i.test(text)),
		calls('notify-hook'),
		knowsStates(STATUS_WORDS.keys(), 'state'),
	],
	fal: [
		tellsKeysApart('unknown-request', (status) => status === 404),
		knowsStates(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'], 'status'),
		calls('plain-http-callbacks', ({ callbackUrl }) => callbackUrl?.startsWith('http:') === true),
		USUAL_TIME,
	],
	replicate: [
		isAccepted('fields', (status) => status === 400 || status === 422),
		{
			guess: 'echoed-input',
			need: 'buy',
			judge({ bought, provider }) {
				if (!bought?.listed) return NOT_REACHED;
				const isSame = provider.listing?.isSameRequest(bought.listed, bought.request) === true;
				return verdict(isSame, `the list has \`${JSON.stringify(bought.listed.raw.input)}\``);
			},
		},
		{
			guess: 'files-without-key',
			need: 'buy',
			judge(seen) {
				// The last answer, after any redirects.
				const status = trafficOf(seen, 'download').at(-1)?.answer?.statusCode ?? 0;
				const isRefused = status === 401 || status === 403;
				return verdict(isRefused ? false : status >= 200 && status < 300 ? true : null, `HTTP ${status}`);
			},
		},
		knowsStates(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'], 'status'),
		USUAL_TIME,
	],
};
