/** Account: Get Balance. What is left to spend. */
import { providerIds, providers } from '../../providers';
import { invalid } from '../plan';
import { eachItem, requestFailure } from '../eachItem';
import type { Operation } from '../operation';
import { forOperation } from '../operation';
import { optionsField } from '../settings';

const supporting = providerIds.filter((id) => providers[id].capabilities.balance);

export const getBalance: Operation = {
	resource: 'account',
	value: 'getBalance',
	name: 'Get Balance',
	action: 'Get balance of account',
	description: 'Retrieve the remaining credit',
	toolDescription: 'Reads how much credit is left at the provider. Buys nothing.',
	providers: supporting,
	properties: forOperation('account', 'getBalance', [optionsField(['requestTimeout'])], supporting),

	async execute(context, provider) {
		return await eachItem(context, provider, async (_, client) => {
			if (!provider.balance || !provider.readBalance) return { ok: false, failure: invalid(provider, []) };
			const exchange = await client.send(provider.balance());
			if (exchange.kind === 'fault') {
				const text = `${provider.displayName} cannot be reached: ${exchange.fault.text}`;
				return { ok: false, failure: requestFailure(provider, text, null) };
			}
			const reading = provider.readBalance(exchange.answer);
			if (!reading.ok) {
				return { ok: false, failure: requestFailure(provider, reading.problem.message, reading.problem) };
			}
			const { amount, unit } = reading.value;
			return { ok: true, rows: [{ provider: provider.id, balance: amount, unit }] };
		});
	},
};
