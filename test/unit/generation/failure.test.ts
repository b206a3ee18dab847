import { describe, expect, it } from '@jest/globals';
import type { INode } from 'n8n-workflow';
import { NodeApiError, NodeOperationError } from 'n8n-workflow';
import type { Failure } from '../../../nodes/LumaVideo/generation/failure';
import { failedItem, fetchLater, nodeError } from '../../../nodes/LumaVideo/generation/failure';
import type { Problem, ProblemKind } from '../../../nodes/LumaVideo/providers/provider';

const NODE: INode = {
	id: '1',
	name: 'Luma Video',
	type: 'n8n-nodes-luma-video.lumaVideo',
	typeVersion: 1,
	position: [0, 0],
	parameters: {},
};

function failure(set: Partial<Failure> = {}): Failure {
	return {
		message: 'Pixazo refused the request: no',
		advice: 'Nothing was bought.',
		details: { generationId: null, provider: 'pixazo', status: null },
		...set,
	};
}

function problem(kind: ProblemKind, httpStatus: number | null, retryAfterMs: number | null = null): Problem {
	return { kind, message: 'no', advice: 'no', httpStatus, retryAfterMs };
}

describe('the item of a failure', () => {
	it('has the keys error and details and no other: n8n routes it to the error output by that', () => {
		const { json } = failedItem(failure({ problem: problem('balance', 402) }), 3);
		expect(Object.keys(json).sort()).toEqual(['details', 'error']);
	});

	it('says what happened to which item, what is known and what to do', () => {
		const details = { generationId: 'gen-1', provider: 'pixazo', status: 'failed', failureReason: 'moderated' } as const;
		expect(failedItem(failure({ details }), 3)).toEqual({
			json: {
				error: 'Pixazo refused the request: no [item 3]',
				details: { ...details, nextStep: 'Nothing was bought.' },
			},
			pairedItem: { item: 3 },
		});
	});

	it('does not change the failure that it is made of', () => {
		const original = failure();
		failedItem(original, 0);
		expect(original).toEqual(failure());
	});
});

/** Words that hold a name that n8n looks for, whatever stands around it. */
const UNLUCKY = [
	'The deepermost cave',
	'A keeper must EPERM it',
	'enoent',
	'a lighthouse keeneacces',
	'ECONNREFUSED',
	'the queue exists: eexisting',
	'ETIMEDOUT after a while',
	'An eisdirection',
	'GETADDRINFO',
];

describe('the error of a failure', () => {
	it.each(UNLUCKY)('keeps its message where n8n sees the name of an error in it: %s', (text) => {
		for (const each of [failure({ message: text }), failure({ message: text, problem: problem('balance', 402) })]) {
			const error = nodeError(NODE, each, 2);
			expect(error.message).toBe(`${text} [item 2]`);
			expect(error.description).toBe('Nothing was bought.');
		}
	});

	it('meets words that n8n does replace, so that the rule above is worth its line', () => {
		for (const text of UNLUCKY) expect(new NodeOperationError(NODE, text).message).not.toBe(text);
	});

	it.each([400, 401, 402, 403, 404, 429, 500, 502, 503, 504, 200])(
		"keeps its message where n8n has one of its own for HTTP %d, and the status stays visible",
		(status) => {
			const error = nodeError(NODE, failure({ problem: problem('invalidRequest', status) }), 0);
			expect(error).toBeInstanceOf(NodeApiError);
			expect(error.message).toBe('Pixazo refused the request: no [item 0]');
			expect(error).toMatchObject({ httpCode: String(status) });
		},
	);

	it('is one of the node where no answer is the reason', () => {
		for (const each of [failure(), failure({ problem: problem('unavailable', null) })]) {
			expect(nodeError(NODE, each, 0)).toBeInstanceOf(NodeOperationError);
		}
	});

	it('names the item for the editor too', () => {
		expect(nodeError(NODE, failure(), 4).context.itemIndex).toBe(4);
		expect(nodeError(NODE, failure({ problem: problem('balance', 402) }), 4).context.itemIndex).toBe(4);
	});

	it('has the advice and all that is known besides in its description', () => {
		const error = nodeError(NODE, failure(), 0, ['Others: gen-1.', 'And gen-2.']);
		expect(error.description).toBe('Nothing was bought. Others: gen-1. And gen-2.');
	});

	it('keeps a description that is the same as its message', () => {
		const error = nodeError(NODE, failure({ message: 'Same', advice: 'Same [item 0]' }), 0);
		expect(error.description).toBe('Same [item 0]');
	});

	it.each<[ProblemKind, string | undefined]>([
		['rateLimited', 'rate-limited'],
		['balance', 'quota-exhausted'],
		['unavailable', 'temporarily-unavailable'],
		['credentials', 'credential-invalid'],
		['moderation', undefined],
		['invalidRequest', undefined],
		['notFound', undefined],
		['unreadable', undefined],
	])('declares %s as %p', (kind, cause) => {
		for (const status of [429, null]) {
			const { failure: declared } = nodeError(NODE, failure({ problem: problem(kind, status) }), 0);
			expect(declared?.cause).toBe(cause);
		}
	});

	it('declares the pause that the provider asks for', () => {
		expect(nodeError(NODE, failure({ problem: problem('rateLimited', 429, 5000) }), 0).failure).toEqual({
			cause: 'rate-limited',
			retryAfterMs: 5000,
		});
		expect(nodeError(NODE, failure({ problem: problem('rateLimited', 429) }), 0).failure).toEqual({
			cause: 'rate-limited',
		});
	});

	it('holds nothing of the problem but its status', () => {
		const error = nodeError(NODE, failure({ problem: { ...problem('balance', 402), message: 'SECRET', advice: 'SECRET' } }), 0);
		expect(JSON.stringify({ ...error, message: error.message })).not.toContain('SECRET');
	});
});

it('how to fetch a generation later names the operation and the id', () => {
	expect(fetchLater('gen-1')).toBe("To get it later, use resource 'Generation', operation 'Wait' with the ID gen-1.");
});

it('names the item once, although the text names it already', () => {
	const failure = { message: 'Cannot read properties of undefined [item 2]', advice: '', details: { generationId: null, provider: 'pixazo' as const, status: null } };
	expect(failedItem(failure, 2).json.error).toBe('Cannot read properties of undefined [item 2]');
});
