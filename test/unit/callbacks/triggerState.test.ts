/** What callbacks lead to, without n8n and without a provider: repeats, floods, forgeries, and what survives a restart. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Due, TriggerEvent } from '../../../nodes/LumaVideo/callbacks/triggerState';
import {
	MAX_AGE_MS,
	TriggerState,
	emissionKey,
	eventOf,
	stateOf,
	withOpen,
} from '../../../nodes/LumaVideo/callbacks/triggerState';
import type { GenerationStatus } from '../../../nodes/LumaVideo/providers/provider';
import { NOW } from './fakes';

const TERMINAL: TriggerEvent[] = ['completed', 'failed'];
const ALL: TriggerEvent[] = ['completed', 'failed', 'progress'];
const SECOND = 1000;
const MINUTE = 60 * SECOND;

let state: TriggerState;
beforeEach(() => {
	state = new TriggerState();
});

function hear(
	generationId: string,
	status: GenerationStatus,
	now = NOW,
	{ wanted = TERMINAL, hasList = false }: { wanted?: TriggerEvent[]; hasList?: boolean } = {},
) {
	return state.hear('pixazo', { generationId, status }, wanted, hasList, now);
}

function ids(due: Due[]): string[] {
	return due.map(({ generationId }) => generationId);
}

const key = (generationId: string, status: GenerationStatus = 'completed') =>
	emissionKey('pixazo', { generationId, status });

describe('emissionKey', () => {
	it.each([
		['completed', 'pixazo a over'],
		['failed', 'pixazo a over'],
		['processing', 'pixazo a progress processing'],
		['queued', 'pixazo a progress queued'],
	] as const)('of %s', (status, expected) => {
		expect(key('a', status)).toBe(expected);
	});

	it('differs by provider and id', () => {
		const keys = ['pixazo', 'crazyrouter'].flatMap((provider) =>
			['a', 'b'].map((generationId) => emissionKey(provider, { generationId, status: 'completed' })),
		);
		expect(new Set(keys).size).toBe(4);
	});

	it('belongs to an event', () => {
		expect(['queued', 'processing', 'completed', 'failed'].map((status) => eventOf(status as GenerationStatus))).toEqual(
			['progress', 'progress', 'completed', 'failed'],
		);
	});
});

describe('a callback', () => {
	it('that says completed is noted and due at once, without a look before', () => {
		expect(hear('a', 'completed')).toBe('noted');
		expect(state.takeDue(NOW)).toEqual([{ generationId: 'a', isBlind: true }]);
		expect(state.takeDue(NOW)).toEqual([]);
	});

	it('is a repeat while its generation is looked at, and after it was emitted', () => {
		hear('a', 'completed');
		expect(hear('a', 'completed')).toBe('repeat');
		state.takeDue(NOW);
		expect(hear('a', 'completed')).toBe('repeat');
		state.markEmitted(key('a'));
		state.settle('a', 'over', NOW);
		for (let hours = 0; hours < 100; hours++) {
			expect(hear('a', 'completed', NOW + hours * 60 * MINUTE)).toBe('repeat');
		}
		expect(state.nextLookAt(NOW)).toBeNull();
	});

	it('of an event that nobody wants is dropped', () => {
		expect(hear('a', 'failed', NOW, { wanted: ['completed'] })).toBe('unwanted');
		expect(hear('a', 'processing', NOW, { hasList: true })).toBe('unwanted');
		expect(state.toStore().open).toEqual([]);
	});

	it('about progress is noted for the timer where there is no list', () => {
		expect(hear('a', 'processing')).toBe('noted');
		expect(hear('a', 'processing', NOW + SECOND)).toBe('repeat');
		expect(state.nextLookAt(NOW)).toBeNull();
		state.makeDue(NOW + 5 * MINUTE);
		expect(state.takeDue(NOW + 5 * MINUTE)).toEqual([{ generationId: 'a', isBlind: false }]);
	});

	it('about progress that is wanted is due once for each status', () => {
		expect(hear('a', 'queued', NOW, { wanted: ALL })).toBe('noted');
		expect(ids(state.takeDue(NOW))).toEqual(['a']);
		state.markEmitted(key('a', 'queued'));
		state.settle('a', 'running', NOW);
		expect(hear('a', 'queued', NOW + MINUTE, { wanted: ALL })).toBe('repeat');
		expect(hear('a', 'processing', NOW + MINUTE, { wanted: ALL })).toBe('known');
		expect(ids(state.takeDue(NOW + MINUTE))).toEqual(['a']);
	});

	it('that says completed comes through at once after one about progress', () => {
		hear('a', 'processing', NOW, { wanted: ALL });
		state.takeDue(NOW);
		state.settle('a', 'running', NOW + 100);
		expect(hear('a', 'completed', NOW + 200, { wanted: ALL })).toBe('known');
		expect(ids(state.takeDue(NOW + 200))).toEqual(['a']);
	});

	it('about progress that comes after the end is a repeat', () => {
		state.markEmitted(key('a'));
		expect(hear('a', 'processing', NOW, { wanted: ALL })).toBe('repeat');
	});
});

describe('a forged "completed"', () => {
	it('costs one look when the provider does not know the id, however often it is repeated', () => {
		let looks = 0;
		for (let call = 0; call < 10_000; call++) {
			const now = NOW + call * 5;
			hear('made-up', 'completed', now);
			for (const { generationId } of state.takeDue(now)) {
				looks++;
				state.settle(generationId, 'refused', now);
			}
		}
		expect(looks).toBe(1);
		expect(state.toStore().open).toEqual([]);
	});

	it('of the same id is looked at again later, more and more seldom', () => {
		const looks: number[] = [];
		for (let second = 0; second < 3600; second++) {
			const now = NOW + second * SECOND;
			hear('made-up', 'completed', now);
			for (const { generationId } of state.takeDue(now)) {
				looks.push(second);
				state.settle(generationId, 'refused', now);
			}
		}
		expect(looks).toEqual([0, 60, 180, 420, 900, 1500, 2100, 2700, 3300]);
	});

	it('does not hold up the real one for longer than 45 seconds', () => {
		for (let delay = 0; delay <= 600; delay += 7) {
			const fresh = new TriggerState();
			const end = NOW + delay * SECOND;
			let seenAt: number | null = null;
			for (let now = NOW; now <= end + 50 * SECOND && seenAt === null; now += SECOND) {
				// The forger calls every second, the provider once.
				fresh.hear('pixazo', { generationId: 'a', status: 'completed' }, TERMINAL, false, now);
				for (const { generationId } of fresh.takeDue(now)) {
					if (now >= end) seenAt = now;
					else fresh.settle(generationId, 'running', now);
				}
			}
			expect((seenAt ?? Infinity) - end).toBeLessThanOrEqual(45 * SECOND);
		}
	});

	it('while the generation is looked at makes for another look, not for none', () => {
		for (let look = 0; look < 5; look++) {
			const now = NOW + look * MINUTE;
			hear('a', 'completed', now);
			expect(ids(state.takeDue(now))).toEqual(['a']);
			expect(hear('a', 'completed', now + 10)).toBe('repeat');
			state.settle('a', 'running', now + 20);
			expect(state.nextLookAt(now + 20)).not.toBeNull();
		}
	});

	it('that came early is looked at three times more by itself, then with the timer', () => {
		hear('a', 'completed');
		const looks: number[] = [];
		for (let second = 0; second < 600; second++) {
			const now = NOW + second * SECOND;
			if (second > 0 && second % 300 === 0) state.makeDue(now);
			for (const { generationId } of state.takeDue(now)) {
				looks.push(second);
				state.settle(generationId, 'running', now);
			}
		}
		expect(looks).toEqual([0, 5, 20, 65, 300]);
	});
});

describe('a generation that cannot be read', () => {
	it('is tried again, at most every ten minutes, for seven days', () => {
		hear('a', 'completed');
		const pauses: number[] = [];
		let before = NOW;
		for (let now = NOW; now < NOW + 3 * 60 * MINUTE; now += SECOND) {
			for (const { generationId } of state.takeDue(now)) {
				pauses.push((now - before) / SECOND);
				before = now;
				state.settle(generationId, 'unread', now);
			}
		}
		expect(pauses.slice(0, 9)).toEqual([0, 5, 15, 45, 120, 300, 600, 600, 600]);
		state.makeDue(NOW + MAX_AGE_MS + 1);
		expect(state.toStore().open).toEqual([]);
	});

	it('waits as long as the provider asks', () => {
		hear('a', 'completed');
		state.takeDue(NOW);
		state.settle('a', 'unread', NOW, 90 * SECOND);
		expect(state.nextLookAt(NOW)).toBe(NOW + 90 * SECOND);
	});

	it('is not looked at earlier because somebody calls again', () => {
		hear('a', 'completed');
		state.takeDue(NOW);
		state.settle('a', 'unread', NOW);
		expect(hear('a', 'completed', NOW + SECOND)).toBe('repeat');
		expect(state.takeDue(NOW + 4 * SECOND)).toEqual([]);
		expect(ids(state.takeDue(NOW + 5 * SECOND))).toEqual(['a']);
	});
});

describe('a flood of made-up ids', () => {
	/** Looks and executions that calls at this pace lead to, when the provider knows none of the ids. */
	function flood(callsPerSecond: number, seconds: number) {
		const counts = { looks: 0, blind: 0, refused: 0, mostOpen: 0 };
		let id = 0;
		for (let step = 0; step < seconds * 10; step++) {
			const now = NOW + step * 100;
			for (let call = 0; call < callsPerSecond / 10; call++) {
				if (hear(`made-up-${id++}`, 'completed', now) === 'refused') counts.refused++;
			}
			for (const { generationId, isBlind } of state.takeDue(now)) {
				counts.looks++;
				if (isBlind) counts.blind++;
				state.settle(generationId, 'refused', now);
			}
			counts.mostOpen = Math.max(counts.mostOpen, (state.toStore().open as unknown[]).length);
		}
		return counts;
	}

	it('costs 100 reads and then 5 a second, 30 executions and then 6 a minute', () => {
		const { looks, blind, mostOpen } = flood(1000, 30);
		expect(looks).toBeLessThanOrEqual(100 + 5 * 30);
		expect(blind).toBeLessThanOrEqual(30 + 3);
		expect(mostOpen).toBeLessThanOrEqual(1000);
	});

	it('costs one execution for all that share it', () => {
		for (let id = 0; id < 50; id++) hear(`made-up-${id}`, 'completed');
		expect(state.takeDue(NOW, true).filter(({ isBlind }) => isBlind)).toHaveLength(50);
		for (let id = 0; id < 40; id++) hear(`other-${id}`, 'completed');
		expect(state.takeDue(NOW).filter(({ isBlind }) => isBlind)).toHaveLength(29);
	});

	it('does not slow down what is true: its looks are given back', () => {
		let taken = 0;
		for (let id = 0; id < 1000; id++) {
			hear(`real-${id}`, 'completed');
			for (const { generationId } of state.takeDue(NOW)) {
				taken++;
				state.trust();
				state.markEmitted(key(generationId));
				state.settle(generationId, 'over', NOW);
			}
		}
		expect(taken).toBe(1000);
	});

	it('leaves no more behind than 1,000 open ids', () => {
		for (let id = 0; id < 20_000; id++) hear(`made-up-${id}`, id % 2 === 0 ? 'completed' : 'processing');
		const stored = state.toStore();
		expect((stored.open as unknown[]).length).toBe(1000);
		expect(JSON.stringify(stored).length).toBeLessThan(60_000);
	});

	it('does not keep back what is announced, and that goes first', () => {
		for (let id = 0; id < 20_000; id++) hear(`made-up-${id}`, 'completed');
		expect(state.announce('pixazo', 'bought', NOW)).toBe('noted');
		expect(state.announce('pixazo', 'bought', NOW)).toBe('repeat');
		expect(hear('bought', 'completed')).toBe('known');
		expect(ids(state.takeDue(NOW))[0]).toBe('bought');
		for (let id = 0; id < 20_000; id++) state.announce('pixazo', `announced-${id}`, NOW);
		expect((state.toStore().open as unknown[]).length).toBe(2000);
	});

	it('does not keep back what is known already', () => {
		hear('bought', 'processing');
		for (let id = 0; id < 20_000; id++) hear(`made-up-${id}`, 'completed');
		expect(hear('bought', 'completed')).toBe('known');
		expect(ids(state.takeDue(NOW))).toContain('bought');
	});

	it('is over when it is over: real ones start their executions at once again', () => {
		flood(1000, 10);
		const later = NOW + 60 * MINUTE;
		for (let now = NOW + 10 * SECOND; now < later; now += SECOND) {
			for (const { generationId } of state.takeDue(now)) state.settle(generationId, 'refused', now);
		}
		expect(hear('real', 'completed', later)).toBe('noted');
		expect(state.takeDue(later)).toEqual([{ generationId: 'real', isBlind: true }]);
	});

	it('what is true is not counted', () => {
		for (let id = 0; id < 500; id++) {
			const now = NOW + id * SECOND;
			hear(`real-${id}`, 'completed', now);
			const [due] = state.takeDue(now);
			expect(due).toEqual({ generationId: `real-${id}`, isBlind: true });
			state.trust();
			state.markEmitted(key(`real-${id}`));
			state.settle(`real-${id}`, 'over', now);
		}
	});

	it('memory for what was emitted and refused is bounded too', () => {
		for (let id = 0; id < 20_000; id++) {
			state.markEmitted(key(`e${id}`));
			state.settle(`r${id}`, 'refused', NOW);
		}
		expect(state.isEmitted(key('e0'))).toBe(false);
		expect(state.isEmitted(key('e19999'))).toBe(true);
		expect(hear('r0', 'completed')).toBe('noted');
		expect(hear('r19999', 'completed')).toBe('repeat');
		expect((state.toStore().emitted as unknown[]).length).toBe(500);
	});
});

describe('what is found by looking', () => {
	it('is taken in hand once', () => {
		expect(state.hold(key('a'), 'a', NOW)).toBe(true);
		expect(state.hold(key('a'), 'a', NOW)).toBe(false);
		expect(hear('a', 'completed')).toBe('repeat');
		state.settle('a', 'unread', NOW);
		expect(state.hold(key('a'), 'a', NOW)).toBe(true);
	});

	it('is not taken when it was emitted or refused', () => {
		state.markEmitted(key('a'));
		expect(state.hold(key('a'), 'a', NOW)).toBe(false);
		state.settle('b', 'refused', NOW);
		expect(state.hold(key('b'), 'b', NOW)).toBe(false);
		expect(state.hold(key('b'), 'b', NOW + 2 * MINUTE)).toBe(true);
	});

	it('is given up after three executions that ended well and did not emit it', () => {
		for (let execution = 1; execution <= 3; execution++) {
			const now = NOW + execution * 10 * MINUTE;
			expect(state.hold(key('a'), 'a', now)).toBe(true);
			state.settleUntold(key('a'), 'a', true, now);
		}
		expect(state.isEmitted(key('a'))).toBe(true);
		expect(state.hold(key('a'), 'a', NOW + 60 * MINUTE)).toBe(false);
	});

	it('is tried on as long as executions break off', () => {
		for (let execution = 1; execution <= 20; execution++) {
			const now = NOW + execution * 10 * MINUTE;
			expect(state.hold(key('a'), 'a', now)).toBe(true);
			state.settleUntold(key('a'), 'a', false, now);
		}
		expect(state.isEmitted(key('a'))).toBe(false);
	});
});

describe('what is stored', () => {
	it('brings another process to the same knowledge', () => {
		hear('open', 'processing');
		hear('said', 'completed');
		state.markEmitted(key('done'));
		const stored = JSON.parse(JSON.stringify(state.toStore()));

		const next = new TriggerState();
		next.learn('pixazo', stored, NOW + MINUTE);
		expect(next.isEmitted(key('done'))).toBe(true);
		// Looked at first: most of it was emitted since it was stored.
		expect(next.takeDue(NOW + MINUTE)).toEqual([
			{ generationId: 'open', isBlind: false },
			{ generationId: 'said', isBlind: false },
		]);
	});

	it('brings nothing back that is known to be over', () => {
		const stored = { open: [['a', NOW], ['b', NOW], ['c', NOW]] };
		state.markEmitted(key('a'));
		state.settle('b', 'refused', NOW);
		state.learn('pixazo', stored, NOW);
		expect(ids(state.takeDue(NOW))).toEqual(['c']);
	});

	it.each([
		['nothing', {}],
		['other types', { emitted: 'x', open: 5 }],
		['objects', { emitted: { a: 1 }, open: { a: NOW } }],
		['junk inside', { emitted: [1, null, {}], open: [null, 'a', [], ['a'], ['a', 'b'], [1, 2], ['../a', NOW], [['a'], NOW]] }],
	])('is read leniently: %s', (_, stored) => {
		state.learn('pixazo', stored, NOW);
		expect(state.toStore()).toEqual({ emitted: [], open: [] });
	});

	it('keeps ids that are names of every object', () => {
		for (const id of ['__proto__', 'constructor', 'toString']) expect(hear(id, 'processing')).toBe('noted');
		const next = new TriggerState();
		next.learn('pixazo', JSON.parse(JSON.stringify(state.toStore())), NOW);
		expect(ids(next.takeDue(NOW))).toEqual(['__proto__', 'constructor', 'toString']);
	});

	it('takes one id more where the trigger runs elsewhere', () => {
		const stored = { emitted: ['x'], open: [['a', 1], ['b', 2]] };
		expect(withOpen(stored, ['c'], 3)).toEqual({ emitted: ['x'], open: [['a', 1], ['b', 2], ['c', 3]] });
		expect(withOpen(stored, ['a'], 3)).toEqual({ emitted: ['x'], open: [['b', 2], ['a', 3]] });
		expect(withOpen({}, ['a'], 3)).toEqual({ emitted: [], open: [['a', 3]] });
	});
});

describe('where the trigger runs in another process', () => {
	it('repeats are held off, twice as long each time, up to a minute', () => {
		const passes: number[] = [];
		for (let second = 0; second < 300; second++) {
			if (state.mayPass('k', NOW + second * SECOND, 5000) === 'pass') passes.push(second);
		}
		expect(passes).toEqual([0, 5, 15, 35, 75, 135, 195, 255]);
	});

	it('made-up ids start 100 executions and then 5 a second', () => {
		let passed = 0;
		for (let call = 0; call < 10_000; call++) {
			if (state.mayPass(`k${call}`, NOW + call, 5000) === 'pass') passed++;
		}
		expect(passed).toBeLessThanOrEqual(100 + 5 * 10);
	});
});

it('each trigger has its own memory', () => {
	expect(stateOf('w', 'a')).toBe(stateOf('w', 'a'));
	expect(stateOf('w', 'a')).not.toBe(stateOf('w', 'b'));
	expect(stateOf('w', 'a')).not.toBe(stateOf('v', 'a'));
});
