/** Account: Get Balance. The remaining credit. */
import { ask } from '../../generation/ask';
import { providerIds, providers } from '../../providers';
import { invalid } from '../plan';
import { eachItem, requestFailure } from '../eachItem';
import type { Operation } from '../operation';
import { optionsField } from '../settings';

export const getBalance: Operation = {
	resource: 'account',
	value: 'getBalance',
	name: 'Get Balance',
	action: 'Get balance of account',
	description: 'Retrieve the remaining credit',
	toolDescription: 'Checks how much credit is left at the provider. Costs nothing.',
	providers: providerIds.filter((id) => providers[id].balance),
	properties: [optionsField(['requestTimeout'])],

	async execute(context, provider) {
		return await eachItem(context, provider, async (_, client) => {
			const inquiry = provider.balance;
			if (!inquiry) return { ok: false, failure: invalid(provider, []) };
			const answer = await ask(provider, client, inquiry.call(), inquiry.read);
			if (!answer.ok) return requestFailure(provider, answer);
			const { amount, unit } = answer.value;
			return { ok: true, items: [{ json: { provider: provider.id, balance: amount, unit } }] };
		});
	},
};
