/** Publishing a workflow: nothing is registered at the provider, but the address must be one that it can reach. */
import type { IHookFunctions } from 'n8n-workflow';
import { NodeOperationError } from 'n8n-workflow';
import { callbackFinding } from '../transport/callbackAddress';
import { createProviderClient } from '../transport/providerClient';
import { REQUEST_TIMEOUT_MS, knownState, providerOf } from './trigger';

/** @throws NodeOperationError when the provider cannot reach the trigger's address */
export async function checkAddress(context: IHookFunctions): Promise<boolean> {
	// A test URL is called by hand, or by a service on the same machine.
	if (context.getMode() === 'manual') return true;
	const node = context.getNode();
	const provider = providerOf(node);
	const client = await createProviderClient(context, provider, REQUEST_TIMEOUT_MS);
	const finding = callbackFinding(provider, context.getNodeWebhookUrl('default') ?? '', client.isLocal);
	knownState(context).isAddressRefused = finding !== null;
	if (finding === null) return true;
	throw new NodeOperationError(node, `The address of this trigger ${finding}`, {
		description: 'Then publish the workflow again.',
	});
}
