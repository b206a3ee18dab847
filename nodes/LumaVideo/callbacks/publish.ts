/** Publishing a workflow, and listening for a test event. Nothing is registered with the provider. */
import type { IHookFunctions } from 'n8n-workflow';
import { nodeError } from '../generation/failure';
import { listGenerations } from '../generation/list';
import { isOver } from '../generation/read';
import type { Provider } from '../providers/provider';
import { announce } from '../transport/announce';
import { callbackFinding } from '../transport/callbackAddress';
import type { ProviderClient } from '../transport/providerClient';
import { createProviderClient } from '../transport/providerClient';
import { triggerAddress } from './messages';
import { REQUEST_TIMEOUT_MS, memoryOf, providerOf } from './trigger';

/** How many of the newest generations to search for a finished one. */
const LATEST = 20;

/** @throws NodeOperationError when a provider with callbacks cannot reach the trigger's address */
export async function publish(context: IHookFunctions): Promise<boolean> {
	const node = context.getNode();
	const provider = providerOf(node);
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const address = context.getNodeWebhookUrl('default') ?? '';
	if (context.getMode() === 'manual') {
		// A test URL may be called by hand, or by a service on the same machine.
		void showLatest(context, provider, client, address);
		return true;
	}
	const finding = callbackFinding(provider, address, client.isLocal);
	memoryOf(context).addressFinding = finding;
	if (finding !== null) throw nodeError(node, triggerAddress({ finding }), null);
	return true;
}

/** Gives a test the account's latest finished video immediately, if the provider can list generations. */
async function showLatest(context: IHookFunctions, provider: Provider, client: ProviderClient, address: string): Promise<void> {
	const listed = await listGenerations(provider, client, LATEST);
	const latest = listed.ok ? listed.generations.find((generation) => isOver(generation) && generation.status === 'completed') : undefined;
	if (!latest) return;
	const generation = { id: latest.generationId, submittedAt: Date.now(), kind: '', expectedMs: 0 };
	const { trouble } = await announce(context, client, address, { provider: provider.id, reference: null, generations: [generation] });
	if (trouble !== null) context.logger.debug(`The latest video cannot be shown: ${trouble}`);
}
