import { expect, it } from '@jest/globals';
import type { Outcome } from '../../../nodes/LumaVideo/generation/job';
import type { Progress, Runner } from '../../../nodes/LumaVideo/generation/progress';
import { ProgressTeller } from '../../../nodes/LumaVideo/generation/progress';
import { progressText, suspendedHint } from '../../../nodes/LumaVideo/operations/hints';

const done: Runner = { outcome: { kind: 'notSubmitted' } satisfies Outcome, expectedAt: null };
const running = (expectedAt: number | null): Runner => ({ outcome: null, expectedAt });

function told(...looks: Array<[now: number, runners: Runner[]]>): Array<[now: number, Progress]> {
	const all: Array<[number, Progress]> = [];
	let time = 0;
	const teller = new ProgressTeller((progress) => all.push([time, progress]), 0);
	for (const [now, runners] of looks) {
		time = now;
		teller.look(runners, now);
	}
	return all;
}

it('tells news after five seconds, nothing new after a minute, and nothing at the end', () => {
	const start = [running(40_000), running(70_000)];
	const half = [done, running(70_000)];
	expect(
		told([1000, start], [4000, half], [6000, half], [9000, half], [65_000, half], [66_000, half], [130_000, half], [131_000, [done, done]]),
	).toEqual([
		[6000, { finished: 1, total: 2, expectedInMs: 64_000 }],
		[66_000, { finished: 1, total: 2, expectedInMs: 4000 }],
		[130_000, { finished: 1, total: 2, expectedInMs: null }],
	]);
});

it.each<[Partial<Progress>, string]>([
	[{ expectedInMs: 39_500 }, '2 of 5 finished, the rest expected in about 40 s'],
	[{ expectedInMs: 400_000 }, '2 of 5 finished, the rest expected in about 7 min'],
	[{ expectedInMs: null }, '2 of 5 finished'],
	[{ finished: 0, total: 1, expectedInMs: 20_000 }, '0 of 1 finished, expected in about 20 s'],
])('%j is said as: %s', (progress, text) => {
	expect(progressText({ finished: 2, total: 5, expectedInMs: null, ...progress })).toBe(text);
});

it('while the execution is suspended: how far it is, and when the node checks again', () => {
	const outcomes = [{ kind: 'finished' }, { kind: 'open' }, { kind: 'notSubmitted' }] as unknown as Outcome[];
	expect(suspendedHint(outcomes, Date.UTC(2026, 0, 5, 8, 5, 10), 'Europe/Berlin')).toBe('1 of 3 finished. Next check: 09:05:10 CET.');
});
