/** How much memory a video of 1 GiB takes on its way into n8n's binary store. */
import type { INode } from 'n8n-workflow';
import { WITHOUT_LIST } from '../samples';
import { manualTrigger, node, workflow } from '../e2e/harness';
import { generate, prompts } from '../e2e/support';
import { Memory, isQuick, mebibytes, median, seconds } from './measure';
import type { Line, RowResult } from './report';
import type { Stage } from './stage';
import { collectsGarbage, log, onStage, timeOfNode } from './stage';

const BYTES = isQuick ? 2 ** 27 : 2 ** 30;
const REPEATS = isQuick ? 1 : 3;
const SMALL = 1_000_000;
const TIMEOUT_MS = 180_000;

interface Way {
	name: string;
	make(stage: Stage): INode;
}

const ways: readonly Way[] = [
	{ name: 'Luma Video', make: ({ credentials }) => generate(WITHOUT_LIST, credentials, { downloadVideo: true }) },
	{
		name: 'OpenAI node (streams)',
		make: ({ rivalCredentials }) =>
			node(
				'OpenAI',
				'@n8n/n8n-nodes-langchain.openAi',
				{ resource: 'video', operation: 'generate', modelId: { __rl: true, mode: 'id', value: 'sora-2' }, prompt: '={{ $json.text }}' },
				{ typeVersion: 2.3, credentials: rivalCredentials.openAi },
			),
	},
	{
		name: 'MiniMax node (buffers)',
		make: ({ rivalCredentials }) =>
			node(
				'MiniMax',
				'@n8n/n8n-nodes-langchain.minimax',
				{ resource: 'video', operation: 'textToVideo', modelId: 'MiniMax-H3', prompt: '={{ $json.text }}' },
				{ typeVersion: 1.2, credentials: rivalCredentials.miniMax },
			),
	},
];

interface Figures {
	/** Bytes by which the peak was above what was in RAM before. */
	growth: number[];
	ms: number[];
}

async function run({ client }: Stage, videoNode: INode, bytes: number): Promise<number> {
	const nodes = [manualTrigger(), prompts(`A kite [takes 1ms] [video ${bytes} bytes]`), videoNode];
	return await timeOfNode(client, workflow('Download', nodes), videoNode.name, TIMEOUT_MS);
}

export async function download(): Promise<RowResult> {
	const figures = ways.map((): Figures => ({ growth: [], ms: [] }));
	// An n8n for each: the peak of one would hide that of the next.
	for (let repeat = 0; repeat < REPEATS; repeat++) {
		for (const [index, way] of ways.entries()) {
			await onStage(
				async (stage) => {
					const memory = new Memory(stage.n8n);
					await run(stage, way.make(stage), SMALL);
					await memory.rest();
					const before = memory.resident;
					memory.forgetPeak();
					const ms = await run(stage, way.make(stage), BYTES);
					const growth = memory.peak - before;
					log(`${way.name}: ${mebibytes(growth)}, ${seconds(ms)}`);
					figures[index]?.growth.push(growth);
					figures[index]?.ms.push(ms);
				},
				{ ...collectsGarbage, N8N_DEFAULT_BINARY_DATA_MODE: 'filesystem' },
			);
		}
	}
	const growthOf = (index: number): number => median(figures[index]?.growth ?? []);
	const spread = (index: number): string => {
		const values = figures[index]?.growth ?? [];
		return `${mebibytes(growthOf(index))} (${mebibytes(Math.min(...values))} to ${mebibytes(Math.max(...values))})`;
	};
	// The same program measured twice differs by as much as this.
	const noise = Math.max(...(figures[1]?.growth ?? [])) - Math.min(...(figures[1]?.growth ?? []));
	const lines = [1, 2].map((index): Line => {
		const isStreaming = index === 1;
		return {
			what: `${(BYTES / 2 ** 30).toFixed(1)} GiB, growth of the peak`,
			ours: spread(0),
			other: `${ways[index]?.name ?? ''} ${spread(index)}`,
			ratio: growthOf(0) / growthOf(index),
			target: isStreaming ? `≤ 1, give or take ${mebibytes(noise)}` : '–',
			isMet: isStreaming ? growthOf(0) <= growthOf(index) + noise : null,
		};
	});
	return {
		how: `Binary data in files, ${REPEATS} repeats, each in an n8n of its own after a small download: the highest memory in RAM of n8n's process above that at rest before. Allowed for noise: as much as the streaming node differs from itself.`,
		lines,
	};
}
