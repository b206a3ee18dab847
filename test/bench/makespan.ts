/** How long 1, 5 and 20 videos take as a whole, beside n8n's own video nodes; the limit is the time of one video. */
import type { INode } from 'n8n-workflow';
import type { ProviderName } from '../provider-server';
import { manualTrigger, node, workflow } from '../e2e/harness';
import { generate, prompts } from '../e2e/support';
import { isQuick, median, seconds } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { log, onStage, timeOfNode } from './stage';

const VIDEO_MS = 12_000;
const USUAL_MS = 60_000;
const REPEATS = isQuick ? 1 : 3;
const COUNTS = isQuick ? [1] : [1, 5, 20];
const TIMEOUT_MS = 900_000;
const MOST = 20;

/** Seconds for which OpenAI's node takes each item: more than this many items are not measured. */
const OPEN_AI_ITEMS = 5;

async function timeOf(stage: Stage, videoNode: INode, count: number, videoMs: number): Promise<number> {
	const texts = Array.from({ length: count }, (_, index) => `A kite, ${index} [takes ${videoMs}ms]`);
	const nodes = [manualTrigger(), prompts(...texts), videoNode];
	const ms = await timeOfNode(stage.client, workflow(`Makespan ${videoNode.name}`, nodes), videoNode.name, TIMEOUT_MS);
	log(`${videoNode.name}, ${count} of ${seconds(videoMs)}: ${seconds(ms)}`);
	return ms;
}

function ours(stage: Stage, provider: ProviderName): INode {
	const more = { downloadVideo: true, options: { maxConcurrent: MOST } };
	return generate(provider, stage.credentials, more, {}, `Luma Video (${provider})`);
}

function openAi({ rivalCredentials }: Stage): INode {
	const parameters = {
		resource: 'video',
		operation: 'generate',
		modelId: { __rl: true, mode: 'id', value: 'sora-2' },
		prompt: '={{ $json.text }}',
	};
	return node('OpenAI', '@n8n/n8n-nodes-langchain.openAi', parameters, {
		typeVersion: 2.3,
		credentials: rivalCredentials.openAi,
	});
}

function miniMax({ rivalCredentials }: Stage): INode {
	const parameters = { resource: 'video', operation: 'textToVideo', modelId: 'MiniMax-H3', prompt: '={{ $json.text }}' };
	return node('MiniMax', '@n8n/n8n-nodes-langchain.minimax', parameters, {
		typeVersion: 1.2,
		credentials: rivalCredentials.miniMax,
	});
}

/** All sides wait at the same time; waiting takes next to nothing of the machine. */
export async function makespan(): Promise<RowResult> {
	return await onStage(async (stage) => {
		const repeated = async (provider: ProviderName, count: number, videoMs: number): Promise<number> => {
			const times: number[] = [];
			for (let repeat = 0; repeat < REPEATS; repeat++) {
				times.push(await timeOf(stage, ours(stage, provider), count, videoMs));
			}
			return median(times);
		};
		// Each side one run after the other: many at the same moment would wait for the machine.
		const all = async (task: (count: number) => Promise<number>): Promise<number[]> => {
			const times: number[] = [];
			for (const count of COUNTS) times.push(await task(count));
			return times;
		};
		let fewer = Number.NaN;
		const [pixwith, luma, usual, sora, h3] = await Promise.all([
			all(async (count) => await repeated('pixwith', count, VIDEO_MS)),
			all(async (count) => await repeated('lumaDreamMachine', count, VIDEO_MS)),
			repeated('lumaDreamMachine', MOST, USUAL_MS),
			all(async (count) => {
				if (count > OPEN_AI_ITEMS) return (fewer / OPEN_AI_ITEMS) * count;
				fewer = await timeOf(stage, openAi(stage), count, VIDEO_MS);
				return fewer;
			}),
			all(async (count) => await timeOf(stage, miniMax(stage), count, VIDEO_MS)),
		]);
		const lines = COUNTS.flatMap((count, index): Line[] => {
			const beside = (what: string, time: number | undefined, name: string, other: number | undefined): Line => ({
				what: `${count} of 12 s, ${what}`,
				ours: seconds(time ?? Number.NaN),
				other: `${name} ${seconds(other ?? Number.NaN)}`,
				ratio: (time ?? Number.NaN) / (other ?? Number.NaN),
				target: '–',
				isMet: null,
			});
			const limit = (what: string, time: number | undefined): Line => {
				const ratio = (time ?? Number.NaN) / VIDEO_MS;
				const hasTarget = count === MOST;
				const isLate = hasTarget && ratio > 1.25;
				return {
					...beside(what, time, 'one video', VIDEO_MS),
					...(isLate ? { note: `one video alone, through Pixwith.ai, took ${seconds(pixwith[0] ?? Number.NaN)} in the same run` } : {}),
					ratio,
					target: hasTarget ? '≤ 1.25' : '–',
					isMet: hasTarget ? ratio <= 1.25 : null,
				};
			};
			return [
				limit('Pixwith.ai', pixwith[index]),
				limit('Luma Dream Machine', luma[index]),
				beside('Pixwith.ai', pixwith[index], 'OpenAI node', sora[index]),
				beside('Pixwith.ai', pixwith[index], 'MiniMax node', h3[index]),
			];
		});
		lines.push({
			what: '20 of 60 s, Luma Dream Machine',
			ours: seconds(usual),
			other: `one video ${seconds(USUAL_MS)}`,
			ratio: usual / USUAL_MS,
			target: '≤ 1.25',
			isMet: usual / USUAL_MS <= 1.25,
		});
		return {
			how: `Text to video with download, in real time, ${REPEATS} repeats of ours, one of theirs, the sides at the same time; **Max Concurrent Generations** is ${MOST}. Pixwith.ai names an estimate of the time in its answer; Luma names none, and its videos usually take a minute, so one of 12 s is a surprise. The OpenAI node's 20 are four times its 5.`,
			lines,
		};
	});
}
