/** Return Immediately with a trigger's URL, in n8n's engine: what the trigger is told, and what the user is when it is not. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { readText, sendJson, startLocalServer, type LocalServer } from '../localServer';
import { PROVIDERS } from '../samples';
import { useProviderServer } from './harness/providerServer';
import { generate, hintsOf, jsonOf, runItems, shownError } from './harness/service';

jest.setTimeout(60_000);

interface Heard {
	query: string;
	generations: Array<{ id: string; submittedAt: number; expectedMs: number }>;
}

const server = useProviderServer();
let trigger: LocalServer;
let heard: Heard[];
/** What the trigger answers, call by call; then it takes note of all. */
let answers: Array<number | 'none' | 'first'>;

beforeAll(async () => {
	trigger = await startLocalServer(async (request, response) => {
		const { lumaVideo } = JSON.parse(await readText(request)) as { lumaVideo?: { announcement: string } };
		// The provider calls too.
		if (!lumaVideo) {
			sendJson(response, 200, {});
			return;
		}
		const { generations } = JSON.parse(lumaVideo.announcement) as Heard;
		heard.push({ query: request.url?.split('?')[1] ?? '', generations });
		const answer = answers.shift();
		if (answer === 'none') request.destroy();
		else if (typeof answer === 'number') sendJson(response, answer, {});
		else sendJson(response, 200, { noted: generations.slice(0, answer === 'first' ? 1 : undefined).map(({ id }) => id) });
	});
});
afterAll(async () => {
	await trigger.close();
});
beforeEach(() => {
	heard = [];
	answers = [];
});

async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await pause(50);
}

const url = (): string => `${trigger.url}/webhook/7f/luma-video`;

describe.each(PROVIDERS)('%s', (provider) => {
	it('the trigger is told what was bought for it, in one call', async () => {
		const items = ['a cat', 'a dog', 'a fox'].map((text) => ({ text }));
		const run = await runItems(server, items, generate(provider, { completion: 'none', triggerUrl: `${url()}?sku=MUG` }));
		expect(shownError(run)).toBeNull();
		expect(heard).toHaveLength(1);
		expect(heard[0]?.query).toBe('sku=MUG');
		expect(heard[0]?.generations.map(({ id }) => id)).toEqual(jsonOf(run).map(({ generationId }) => generationId));
		for (const { expectedMs } of heard[0]?.generations ?? []) expect(expectedMs).toBeGreaterThan(0);
	});
});

it('each trigger is told its own', async () => {
	const items = ['1', '2', '1'].map((to) => ({ text: 'a cat', to }));
	await runItems(server, items, generate('lumaAgents', { completion: 'none', triggerUrl: `=${url()}?to={{ $json.to }}` }));
	expect(heard.map(({ query, generations }) => [query, generations.length]).sort()).toEqual([['to=1', 2], ['to=2', 1]]);
});

it.each<[string, typeof answers]>([
	['503', [503, 503]],
	['not at all', ['none']],
	['for one at a time', ['first', 'first']],
])('a trigger that answers %s is told again', async (_, given) => {
	answers = [...given];
	const run = await runItems(server, [{ text: 'a cat' }, { text: 'a dog' }, { text: 'a fox' }], generate('lumaAgents', { completion: 'none', triggerUrl: url() }));
	// The node's clock is faster than the answers: the last call may come in the background.
	await until(() => heard.length > given.length);
	expect(heard.at(-1)?.generations.map(({ id }) => id)).toEqual(
		expect.arrayContaining([jsonOf(run).at(-1)?.generationId]),
	);
	expect(heard).toHaveLength(given.length + 1);
});

it.each(['video', 'image'])('a trigger that is not published is named above the output, and told of the %s when it is', async (resource) => {
	answers = Array.from({ length: 7 }, () => 404);
	const parameters = generate('lumaAgents', { resource, ...(resource === 'image' ? { model: 'uni-1' } : {}), completion: 'none', triggerUrl: url() });
	const run = await runItems(server, [{ text: 'a cat' }], parameters);
	expect(shownError(run)).toBeNull();
	expect(hintsOf(run).join('\n')).toContain(
		`The Luma Video Trigger at ${url()} could not be told about 1 ${resource}: It answered 404. Check that its workflow is published and that both nodes use the same credential.`,
	);
	await until(() => heard.length > 7);
	expect(heard.at(-1)?.generations.map(({ id }) => id)).toEqual([jsonOf(run)[0]?.generationId]);
});
