/** Workflows that suspend; and executions that sleep until n8n's timer wakes them, to be looked at after other tests. */
import type { INode } from 'n8n-workflow';
import type { ProviderName, ProviderServer } from '../provider-server';
import { startProviderServer } from '../provider-server';
import { byProvider, CALLING, CALLING_WITHOUT_LIST, EXPECTED_LATE, PROVIDERS } from '../samples';
import { readExample } from './examples';
import type { Execution, N8nClient, Wire, WorkflowDraft } from './harness';
import { code, connect, manualTrigger, node, workflow } from './harness';
import type { CredentialRefs } from './support';
import { createCredentials, generate, prompts } from './support';
import { note } from './triggerSupport';

export const SUSPEND = { completion: 'suspend' };
export const ALL_AT_ONCE = { options: { maxConcurrent: 30 } };
export const TWENTY = Array.from({ length: 20 }, (_, index) => `a bird, number ${index}`);

/** Adds to each item what the item that it came from said: it depends on the items' links. */
export function caption(): INode {
	const assignment = { id: 'caption', name: 'caption', value: "={{ $('Items').item.json.text }}", type: 'string' };
	const parameters = { assignments: { assignments: [assignment] }, includeOtherFields: true, options: {} };
	return node('Caption', 'n8n-nodes-base.set', parameters, { typeVersion: 3.4 });
}

const WIRES: readonly Wire[] = [
	{ from: 'Start', to: 'Items' },
	{ from: 'Items', to: 'Luma Video' },
	{ from: 'Luma Video', to: 'Caption' },
	{ from: 'Luma Video', to: 'Failed', output: 1 },
];

/** Start, Items, Luma Video, then `Caption` for what succeeds and `Failed` for what does not. */
export function suspending(texts: readonly string[], video: INode): WorkflowDraft {
	const nodes = [manualTrigger(), prompts(...texts), video, caption(), code('return $input.all();', 'Failed')];
	return workflow('Suspend', nodes, connect(...WIRES));
}

const luma = 'lumaDreamMachine';

/** Executions that nobody calls, or in vain, at providers of their own. They take a minute and a half. */
export class Sleepers {
	private readonly executions = new Map<string, { id: string; startedAt: number }>();

	private constructor(
		private readonly client: N8nClient,
		readonly server: ProviderServer,
		private readonly credentials: CredentialRefs,
	) {}

	static async start(client: N8nClient): Promise<Sleepers> {
		const lost = { jobMs: 30_000, callbacks: { mode: 'drop' as const, retryDelaysMs: [] } };
		const common = { jobMs: 30_000 };
		const settings = {
			...byProvider((provider) => (CALLING.includes(provider) ? lost : common)),
			// Each call three times, whatever is answered.
			[CALLING_WITHOUT_LIST]: { jobMs: 36_000, callbacks: { copies: 3 } },
		};
		const silent = await startProviderServer({ settings });
		silent.configure(EXPECTED_LATE);
		const all = new Sleepers(client, silent, await createCredentials(client, silent, silent.keys, 'Sleepers: '));
		await all.startAll();
		return all;
	}

	private async startAll(): Promise<void> {
		const texts = (provider: string): string[] => [`a cat by ${provider}`, `a dog by ${provider}`];
		await Promise.all([
			...PROVIDERS.filter((provider) => provider !== CALLING_WITHOUT_LIST).map(async (provider) => {
				await this.add(provider, this.workflow(provider, texts(provider)));
			}),
			this.add('one-by-one', this.workflow(CALLING_WITHOUT_LIST, TWENTY, ALL_AT_ONCE)),
			this.add(
				'early',
				this.workflow(luma, ['a hen [callbacks: early] [takes 300ms]', 'a fox'], { resolution: '540p', duration: '5s' }),
			),
			this.add(
				'unstored',
				this.workflow(luma, ['an owl [callbacks: normal] [takes 1ms]', 'an emu [callbacks: normal] [takes 1ms]'], {
					resolution: '1080p',
					duration: '5s',
				}),
			),
			this.add(
				'failing',
				this.workflow('lumaAgents', ['a bee', 'a wasp [fails: Too dark]', 'an ant [refused: No ants]'], { resolution: '540p', duration: '5s' }, {
					onError: 'continueErrorOutput',
				}),
			),
			this.add(
				'overdue',
				this.workflow('lumaAgents', ['a snail [takes 3600000ms]', 'a slug [takes 20000ms]'], {
					resolution: '360p',
					duration: '10s',
					options: { timeout: 70, onTimeout: 'continue' },
				}),
			),
			this.add(
				'too late',
				this.workflow('lumaAgents', ['a tortoise [takes 3600000ms]'], { resolution: '360p', duration: '10s', options: { timeout: 70 } }),
			),
			this.add('example', this.example(), 'Every Night'),
		]);
	}

	/** The example, whose third scene cannot be made. */
	private example(): WorkflowDraft {
		return readExample('suspend-until-finished.json', {
			credentials: this.credentials,
			change: ({ parameters }) => {
				const { jsonOutput } = parameters;
				if (typeof jsonOutput === 'string') parameters.jsonOutput = jsonOutput.replace('opens a window', 'opens a window [fails: too bright]');
			},
		});
	}

	private workflow(
		provider: ProviderName,
		texts: readonly string[],
		more: INode['parameters'] = {},
		extras: Partial<INode> = {},
	): WorkflowDraft {
		return suspending(texts, generate(provider, this.credentials, { ...SUSPEND, ...more }, extras));
	}

	private async add(name: string, draft: WorkflowDraft, trigger?: string): Promise<void> {
		const { id } = await this.client.createWorkflow(draft);
		this.executions.set(name, { id: await this.client.runWorkflow(id, { trigger }), startedAt: Date.now() });
	}

	/** Waits for the end of one. */
	async end(name: string): Promise<Execution> {
		const { id = '', startedAt = 0 } = this.executions.get(name) ?? {};
		const execution = await this.client.waitForExecution(id, { timeout: 200_000 });
		const seconds = (Date.parse(String(execution.stoppedAt)) - startedAt) / 1000;
		await note(`suspended-${name.replace(' ', '-')}-time`, { seconds, status: execution.status });
		return execution;
	}
}
