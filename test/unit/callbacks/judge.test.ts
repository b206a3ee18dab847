/** As what a generation is emitted, and which provider a workflow means. */
import { describe, expect, it } from '@jest/globals';
import { judge, providerOf } from '../../../nodes/LumaVideo/callbacks/trigger';
import { crazyrouter } from '../../../nodes/LumaVideo/providers/crazyrouter';
import { generation } from '../providers/support';
import { FakeN8n, NOW } from './fakeN8n';

const { node } = new FakeN8n('crazyrouter');
const DAY = 24 * 3_600_000;

function verdict(set: Parameters<typeof generation>[1], wanted: ReadonlyArray<'completed' | 'failed' | 'progress'> = ['completed', 'failed', 'progress']) {
	const read = { ok: true as const, generation: generation({}, { generationId: 'a', ...set }) };
	return judge({ provider: crazyrouter, node, wanted, isTest: false }, read, false, NOW);
}

describe('a generation', () => {
	const video = { videoUrl: 'https://media.example/a.mp4', media: [{ url: 'https://media.example/a.mp4', type: 'video' as const }] };
	it.each([
		['queued', {}, 'progress', 'crazyrouter a progress queued'],
		['processing', {}, 'progress', 'crazyrouter a progress processing'],
		// Without its file it is not finished.
		['completed', {}, 'progress', 'crazyrouter a progress processing'],
		['completed', video, 'completed', 'crazyrouter a over'],
		['failed', {}, 'failed', 'crazyrouter a over'],
	] as const)('%s %j is emitted as %s', (status, set, event, key) => {
		expect(verdict({ status, ...set })).toMatchObject({ finding: 'emit', event, key });
	});

	it.each([
		['processing', 'running'],
		['failed', 'over'],
	] as const)('%s that nobody wants is %s', (status, finding) => {
		expect(verdict({ status }, [])).toMatchObject({ finding });
	});

	it.each([
		['no time', null, null, 'emit'],
		['no date', 'yesterday', null, 'emit'],
		['made six days ago', NOW - 6 * DAY, null, 'emit'],
		['made eight days ago', NOW - 8 * DAY, null, 'over'],
		['made eight days ago, ended today', NOW - 8 * DAY, NOW, 'emit'],
		['of tomorrow', NOW + DAY, null, 'emit'],
	] as const)('%s', (_, createdAt, completedAt, finding) => {
		const text = (time: number | string | null) => (typeof time === 'number' ? new Date(time).toISOString() : time);
		expect(verdict({ status: 'failed', createdAt: text(createdAt), completedAt: text(completedAt) })).toMatchObject({ finding });
	});
});

describe('the provider', () => {
	it('is Luma Agents unless the workflow says otherwise', () => {
		expect(providerOf({ ...node, parameters: {} }).id).toBe('lumaAgents');
		expect(providerOf(node).id).toBe('crazyrouter');
	});

	it.each(['sora', '__proto__', 7, ''])('%s is told to be unknown', (provider) => {
		expect(() => providerOf({ ...node, parameters: { provider } })).toThrow("'Provider' is not known");
	});
});
