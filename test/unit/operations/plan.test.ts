import { describe, expect, it } from '@jest/globals';
import type { IExecuteFunctions } from 'n8n-workflow';
import type { ItemResult } from '../../../nodes/LumaVideo/operations/plan';
import { invalid, planItems } from '../../../nodes/LumaVideo/operations/plan';
import { toItems } from '../../../nodes/LumaVideo/operations/report';
import { isTool } from '../../../nodes/LumaVideo/operations/operation';
import { providers } from '../../../nodes/LumaVideo/providers';

const { pixazo } = providers;

function contextWith(set: { items?: number; continues?: boolean; type?: string } = {}): IExecuteFunctions {
	const { items = 1, continues = false, type = 'n8n-nodes-luma-video.lumaVideo' } = set;
	return {
		getInputData: () => Array.from({ length: items }, () => ({ json: {} })),
		continueOnFail: () => continues,
		getNode: () => ({ id: '1', name: 'Luma Video', type, typeVersion: 1, position: [0, 0], parameters: {} }),
	} as unknown as IExecuteFunctions;
}

describe('an item whose fields are refused', () => {
	it('has the first finding as its message, the others and the comfort in the advice', () => {
		expect(invalid(pixazo, ["'Prompt' is empty", "'Loop' is not possible; switch it off", 'Third.'])).toEqual({
			message: "'Prompt' is empty",
			advice: "'Loop' is not possible; switch it off. Third. Nothing was sent for this item. Correct it and run this item again.",
			details: { generationId: null, provider: 'pixazo', status: null },
			findings: ["'Prompt' is empty", "'Loop' is not possible; switch it off", 'Third.'],
		});
	});

	it('says something even without a finding', () => {
		expect(invalid(pixazo, [])).toMatchObject({
			message: 'The fields of this item cannot be used',
			advice: 'Nothing was sent for this item. Correct it and run this item again.',
		});
	});
});

describe('plans', () => {
	it('are made for every item, and what throws for one is the failure of that one', () => {
		const plans = planItems(contextWith({ items: 4 }), pixazo, (itemIndex) => {
			if (itemIndex === 1) throw new Error('the expression is broken');
			if (itemIndex === 2) throw 'a text';
			return { itemIndex, ok: false, failure: invalid(pixazo, ['planned']) };
		});
		expect(plans.map((plan) => [plan.itemIndex, plan.ok ? null : plan.failure.message])).toEqual([
			[0, 'planned'],
			[1, 'the expression is broken'],
			[2, 'a text'],
			[3, 'planned'],
		]);
	});
});

describe('results', () => {
	const good = (itemIndex: number): ItemResult => ({
		itemIndex,
		ok: true,
		item: { json: { n: itemIndex }, pairedItem: { item: itemIndex } },
	});
	const bad = (itemIndex: number, ...findings: string[]): ItemResult => ({ itemIndex, ok: false, failure: invalid(pixazo, ['no', ...findings]) });
	const lost: ItemResult = { itemIndex: 2, ok: false, failure: { ...invalid(pixazo, ['gone']), findings: undefined } };

	it('that are all good go on as they are', () => {
		expect(toItems(contextWith(), [good(0), good(1)])).toEqual([
			{ json: { n: 0 }, pairedItem: { item: 0 } },
			{ json: { n: 1 }, pairedItem: { item: 1 } },
		]);
	});

	const CORRECT = 'Correct these items and run the node again.';

	it.each<[string, ItemResult[], string, string]>([
		['one refused item', [good(0), bad(1)], 'no [item 1]', 'Nothing was sent for this item. Correct it and run this item again. Others: gen-1.'],
		[
			'several refused items',
			[bad(1, 'nor this'), bad(2), bad(4)],
			'3 of 5 items cannot be used',
			`Item 1: no; nor this. Items 2, 4: no. Nothing was sent for any item. ${CORRECT} Others: gen-1.`,
		],
		['refused items beside others', [good(0), bad(1), bad(3)], '2 of 5 items cannot be used', `Items 1, 3: no. ${CORRECT} Others: gen-1.`],
		[
			'more reasons than fit',
			Array.from({ length: 12 }, (_, index) => bad(index, `reason ${index}`)),
			'12 of 5 items cannot be used',
			`${Array.from({ length: 10 }, (_, index) => `Item ${index}: no; reason ${index}.`).join(' ')} And 2 more. Nothing was sent for any item. ${CORRECT} Others: gen-1.`,
		],
		['a generation that is lost', [good(0), lost, good(4)], 'gone [item 2]', 'Nothing was sent for this item. Correct it and run this item again. Others: gen-1.'],
	])('end the execution with an error about %s, and all that is known', (_, results, message, description) => {
		expect(() => toItems(contextWith({ items: 5 }), results, ['Others: gen-1.'])).toThrow(expect.objectContaining({ message, description }));
	});

	it('with a failure go on item by item where the node is set to continue', () => {
		const items = toItems(contextWith({ continues: true }), [good(0), bad(1), good(2)]);
		expect(items.map(({ json }) => json.n ?? json.error)).toEqual([0, 'no [item 1]', 2]);
		expect(items.map(({ pairedItem }) => pairedItem)).toEqual([{ item: 0 }, { item: 1 }, { item: 2 }]);
	});
});

it.each([
	['n8n-nodes-luma-video.lumaVideo', false],
	['n8n-nodes-luma-video.lumaVideoTool', true],
])('%s runs as a tool: %p', (type, expected) => {
	expect(isTool(contextWith({ type }))).toBe(expected);
});
